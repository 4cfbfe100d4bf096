"""Make build/pixel.zip: what Azure Functions runs, with all it depends on, for Linux on x86-64 and Python 3.13.

It is made on any machine, by Python 3.11 or newer: wheels are fetched by their hashes and unpacked, nothing is compiled
or run. The same tree (and zlib) gives the same bytes. .funcignore says what of the tree goes in.

--lock chooses the wheels anew, after a change of requirements.txt or requirements-cli.txt; that takes Linux and Python 3.13.
It also lists what commands need beside them, for the pipeline, which verifies what it deployed.
"""

import argparse
import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements.txt"
LOCK = ROOT / "infra/requirements-package.txt"
COMMANDS = ROOT / "requirements-cli.txt"
COMMANDS_LOCK = ROOT / "infra/requirements-cli.txt"
WHEELS = ROOT / "build/wheels"
UNPACKED = ROOT / "build/pixel"
VENDORED = ".python_packages/lib/site-packages"
"""Where the Functions worker looks for packages: https://learn.microsoft.com/azure/azure-functions/python-build-options"""

BUILD = "pixel/build.txt"
"""Which code it is, as `/status` says it."""

LIMIT_MB = 30
"""A cold start fetches and opens all of it."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip file can hold."""

# Functions runs Python 3.13 on Debian 12, whose glibc is newer than 2.28.
TARGET = [
    "--only-binary=:all:",
    "--implementation=cp",
    "--python-version=3.13",
    *(f"--platform=manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)),
]


class PackageError(Exception):
    """A sentence that says what is wrong and what to do."""


def listed(root: Path) -> tuple[list[str], set[str]]:
    """Return the names that .funcignore lets go, and those that stay wherever they are."""
    lines = (root / ".funcignore").read_text("utf-8").splitlines()
    if "/*" not in lines:
        raise PackageError(".funcignore has to begin with /*, and to name with !/NAME what goes")
    return [line[2:] for line in lines if line.startswith("!/")], {
        line for line in lines if line and line[0] not in "#!/"
    }


def published(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each file that .funcignore lets through: `/*` keeps all here, `!/NAME` lets one go, but NAME."""
    goes, never = listed(root)
    for name in goes:
        top = root / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            where = path.relative_to(root)
            if path.is_file() and not any(part in never or part.startswith(".") for part in where.parts):
                yield where.as_posix(), path.read_bytes()


def revision(root: Path) -> str:
    """Return the commit of the tree, and whether what is published differs from it; `unknown` where git does not know."""
    said = []
    for asked in (["rev-parse", "--short=12", "HEAD"], ["status", "--porcelain", "--", *listed(root)[0]]):
        try:
            told = subprocess.run(["git", "-C", str(root), *asked], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return "unknown"
        said.append(told.stdout.strip())
    return f"{said[0]}, with changes" if said[1] else said[0]


def unpacked(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each file of a wheel, as pip would lay it into site-packages. Its scripts stay out."""
    with ZipFile(wheel) as archive:
        for name in archive.namelist():
            top, *rest = PurePosixPath(name).parts
            if name.endswith("/"):
                continue
            if not top.endswith(".data"):
                yield name, archive.read(name)
            elif rest[0] in ("purelib", "platlib"):
                yield "/".join(rest[1:]), archive.read(name)


def wheels() -> dict[str, Path]:
    """Return each wheel of the lock by its package's name; what is not in build/wheels yet is fetched."""
    lock = LOCK.read_text("utf-8")
    if fingerprint(REQUIREMENTS) not in lock:
        raise PackageError(f"requirements.txt has changed: say make package ARGS=--lock, and commit {name_of(LOCK)}")
    wanted = dict(re.findall(r"^([\w.-]+)==\S+ --hash=sha256:(\w+)$", lock, re.MULTILINE))
    have = by_hash()
    if missing := [name for name, digest in wanted.items() if digest not in have]:
        print(f"Fetching packages: {len(missing)} of {len(wanted)} are not in {name_of(WHEELS)} yet", flush=True)
        pip("download", "--no-deps", "--require-hashes", f"--dest={WHEELS}", f"--requirement={LOCK}")
        have = by_hash()
    return {name: have[digest] for name, digest in wanted.items()}


def by_hash() -> dict[str, Path]:
    """Return what is in build/wheels."""
    return {hashlib.sha256(wheel.read_bytes()).hexdigest(): wheel for wheel in WHEELS.glob("*.whl")}


def fingerprint(*requirements: Path) -> str:
    """Return what tells one requirements.txt from another."""
    return hashlib.sha256("".join(path.read_text("utf-8") for path in requirements).encode()).hexdigest()


def lock() -> None:
    """Write which wheel of each package is shipped, and which others commands need."""
    if (platform.system(), *sys.version_info[:2]) != ("Linux", 3, 13):
        raise PackageError(
            "--lock needs Linux and Python 3.13: pip reads conditions in requirements by its own Python"
        )
    shipped = chosen(REQUIREMENTS)
    write(LOCK, "The wheels that `make package` ships", shipped, REQUIREMENTS)
    more = {name: line for name, line in chosen(COMMANDS).items() if name not in shipped}
    write(COMMANDS_LOCK, f"What commands need beside {LOCK.name}", more, REQUIREMENTS, COMMANDS)


def chosen(requirements: Path) -> dict[str, str]:
    """Return the line of a lock for each package that pip would install, by its name."""
    print(f"Choosing wheels for {name_of(requirements)} ...", flush=True)
    report = ROOT / "build/lock.json"
    report.parent.mkdir(exist_ok=True)
    pip("install", "--dry-run", "--target=build", f"--report={report}", f"--requirement={requirements}")
    lines = {}
    for each in json.loads(report.read_text("utf-8"))["install"]:
        name, version = each["metadata"]["name"].lower(), each["metadata"]["version"]
        lines[name] = f"{name}=={version} --hash=sha256:{each['download_info']['archive_info']['hashes']['sha256']}\n"
    return lines


def write(target: Path, about: str, lines: dict[str, str], *made_of: Path) -> None:
    """Write a lock that says what it was made of."""
    files = " and ".join(map(name_of, made_of))
    head = f"# {about}. Made by `make package ARGS=--lock` of {files},\n# {fingerprint(*made_of)}\n"
    target.write_text(head + "".join(sorted(lines.values())), "utf-8", newline="\n")
    print(f"{name_of(target)}: {len(lines)} packages")


def pip(command: str, *arguments: str) -> None:
    """Run pip for what Azure runs, and tell which package it is at. What goes wrong it says itself."""
    told = [sys.executable, "-m", "pip", command, "--progress-bar=off", *TARGET, *arguments]
    with subprocess.Popen(told, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout or ():
            if match := re.match(r"(?:Collecting|Processing) (?:\S*/)?([^\s/]+)", line):
                print(f"  {match[1]}", flush=True)
    if running.returncode:
        raise PackageError("pip could not fetch the packages: see above")


def make(target: Path) -> None:
    """Write the zip, and tell what is in it."""
    build = revision(ROOT)
    parts = {"(the pixel)": {**dict(published(ROOT)), BUILD: f"{build}\n".encode()}}
    for name, wheel in wheels().items():
        parts[name] = {f"{VENDORED}/{path}": content for path, content in unpacked(wheel)}
    owner: dict[str, str] = {}
    for part, files in parts.items():
        for path, content in files.items():
            if parts[owner.setdefault(path, part)][path] != content:
                raise PackageError(f"{path} is in {owner[path]} and in {part}, and differs")
    print(f"Packing {len(owner)} files of build {build} ...", flush=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    sizes: Counter[str] = Counter()
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(owner):
            entry = ZipInfo(path, EPOCH)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # as on Linux, wherever it is made
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, parts[owner[path]][path])
            sizes[owner[path]] += entry.compress_size
    tell(target, sizes)


def tell(target: Path, sizes: Counter[str]) -> None:
    """Print how large it is, and its largest parts."""
    size = target.stat().st_size
    print(f"{name_of(target)}: {megabytes(size)}, sha256 {hashlib.sha256(target.read_bytes()).hexdigest()}")
    largest = sizes.most_common(8)
    rest = size - sum(of_it for _, of_it in largest)
    for part, of_it in [*largest, (f"{len(sizes) - len(largest)} more, and the list of files", rest)]:
        print(f"  {megabytes(of_it):>8}  {part}")
    if size > LIMIT_MB * 1e6:
        raise PackageError(f"That is more than {LIMIT_MB} MB, and each cold start pays for it: leave something out")


def megabytes(size: int) -> str:
    """Return a size in bytes for people."""
    return f"{size / 1e6:.1f} MB"


def name_of(path: Path) -> str:
    """Return a path for people."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def main() -> int:
    """Run; return the exit code."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--lock", action="store_true", help="choose the wheels anew, then package")
    asked.add_argument("--out", type=Path, default=ROOT / "build/pixel.zip", help="the zip file")
    asked.add_argument("--unpack", action="store_true", help="also lay it out in build/pixel, for tools that zip")
    arguments = asked.parse_args()
    try:
        if arguments.lock:
            lock()
        make(arguments.out)
    except PackageError as fault:
        print(fault, file=sys.stderr)
        return 1
    if arguments.unpack:
        with ZipFile(arguments.out) as archive:
            shutil.rmtree(UNPACKED, ignore_errors=True)
            archive.extractall(UNPACKED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
