# make run | stack | test | check | bench | hit | package. Each does all set-up it needs.
SHELL := /bin/sh
.DEFAULT_GOAL := help

# The newest Python that the Functions host and we know: PYTHON=python3.11 chooses another.
PYTHON ?= $(shell for p in python3.13 "$$HOME"/.pyenv/versions/3.13.*/bin/python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo "$$p" && break; done)
VENV ?= .venv
PORT ?= 7071
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile

.PHONY: help setup run stack hit test lint types check bench soak accuracy geo checkov package

help:
	@echo "make run     serve the pixel on http://127.0.0.1:$(PORT), capturing to data/capture"
	@echo "make stack   the whole system here: the pixel, Event Hubs over AMQP, Capture, Blob; and ways to break it"
	@echo "make hit     fire a sample hit at it and print the event (HIT=name chooses one of examples/hits.http)"
	@echo "make geo     fetch a free country database into data/geo, which the pixel then uses"
	@echo "make test    run the tests"
	@echo "make check   lint, types, tests: what CI runs"
	@echo "make bench   measure; prints and writes build/bench.json"
	@echo "make soak    a quarter of an hour of faults and kills: is an accepted event ever lost?"
	@echo "make accuracy  how often enrichers are right (ARGS=--misses: and where they are not)"
	@echo "make checkov  look for weak spots in infra/bicep (Checkov, in an environment of its own: 270 MB)"
	@echo "make package  build/pixel.zip, which Azure Functions runs (ARGS=--lock: after a change of requirements.txt)"
	@echo "make setup   only set up $(VENV)"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed: install one, or say make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
		echo "PYTHON=$(PYTHON) is no Python 3.11, 3.12 or 3.13 that runs: say make PYTHON=/path/to/python3, or leave it out"; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is needed (on Debian: apt install python3-venv)"; rm -rf $(VENV); exit 1; }

$(VENV)/.cli: $(BIN)/python requirements.txt requirements-cli.txt
	@$(PIP) -r requirements-cli.txt && touch $@

$(VENV)/.dev: $(VENV)/.cli requirements-dev.txt
	@$(PIP) -r requirements-dev.txt && touch $@

setup: $(VENV)/.dev

run: $(VENV)/.cli
	@PORT=$(PORT) $(BIN)/python -m pixel serve

stack: $(VENV)/.cli
	@PORT=$(PORT) $(BIN)/python -m tests.stack

hit: $(VENV)/.cli
	@PORT=$(PORT) $(BIN)/python -m pixel hit $(HIT)

geo: $(VENV)/.cli
	@$(BIN)/python -m pixel geo

test: $(VENV)/.dev
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --diff .

types: $(VENV)/.dev
	@$(BIN)/mypy

check: lint types test

bench: $(VENV)/.dev
	@$(BIN)/python -m benchmarks

soak: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.soak $(ARGS)

accuracy: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.accuracy $(ARGS)

package: $(BIN)/python
	@$(BIN)/python infra/package.py $(ARGS)

# The compiler of Bicep that it needs lies beside this repository, as for tests/infra.
checkov: export PYTHONPATH := ../shared/tools
checkov: export PYTHONDONTWRITEBYTECODE := 1
checkov: $(BIN)/python
	@test -d ../shared/tools/bicepcheck || { echo "The Bicep compiler is not here: it lies in ../shared, beside the repository"; exit 1; }
	@test -x .venv-checkov/bin/checkov || { $(BIN)/python -m venv .venv-checkov && \
		.venv-checkov/bin/pip install --quiet --disable-pip-version-check checkov==3.3.30; }
	@mkdir -p build && $(BIN)/python -m bicepcheck.emit infra/bicep/main.bicep > build/main.json
	@$(BIN)/python ../shared/tools/flatten_for_checkov.py build/main.json build/checkov
	@PYTHONPATH= LOG_LEVEL=ERROR .venv-checkov/bin/checkov --config-file infra/bicep/checkov.yaml --directory build/checkov
