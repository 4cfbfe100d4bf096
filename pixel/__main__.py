"""`python -m pixel COMMAND`: finds the command in pixel/commands/ and runs it."""

import importlib
import pkgutil
import sys

from pixel import commands


def main(arguments: list[str]) -> int:
    """Run a command; return its exit code. Without one, list all with their first lines."""
    names = [module.name for module in pkgutil.iter_modules(commands.__path__)]
    if arguments and arguments[0] in names:
        run = importlib.import_module(f"pixel.commands.{arguments[0]}").run
        try:
            return int(run(arguments[1:]))
        except BrokenPipeError:  # `| head` has seen enough
            sys.stderr.close()
            return 0
        except KeyboardInterrupt:
            return 130
    print("python -m pixel COMMAND\n")
    for name in names:
        about = (importlib.import_module(f"pixel.commands.{name}").__doc__ or "").partition("\n")[0]
        print(f"  {name:10} {about}")
    return 0 if not arguments or arguments[0] in ("-h", "--help", "help") else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
