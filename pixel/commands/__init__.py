"""`python -m pixel COMMAND`, one file each: `run(arguments) -> exit code`."""
