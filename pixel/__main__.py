"""`python -m pixel COMMAND`: finds the command in pixel/commands/ and runs it."""

import ast
import importlib
import os
import pkgutil
import sys
from pathlib import Path

from pixel import commands


def main(arguments: list[str]) -> int:
    """Run a command; return its exit code. Without one, list all with their first lines."""
    names = [module.name for module in pkgutil.iter_modules(commands.__path__)]
    if arguments and arguments[0] in names:
        return _run(*arguments)
    asked = not arguments or arguments[0] in ("-h", "--help", "help")
    if not asked:
        print(f"{arguments[0]} is no command.\n", file=sys.stderr)
    print("python -m pixel COMMAND\n")
    for name in names:
        source = Path(commands.__path__[0], f"{name}.py").read_text("utf-8")
        print(f"  {name:9} {(ast.get_docstring(ast.parse(source)) or '').partition(chr(10))[0]}")
    return 0 if asked else 2


def _run(name: str, *arguments: str) -> int:
    try:
        command = importlib.import_module(f"pixel.commands.{name}")
    except ModuleNotFoundError as missing:
        print(
            f"The package {missing.name} is not installed for {sys.executable}. `make setup` installs all that is "
            f"needed; then say .venv/bin/python -m pixel {name}.",
            file=sys.stderr,
        )
        return 2
    try:
        return int(command.run(list(arguments)))
    except BrokenPipeError:  # `| head` has seen enough; https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
