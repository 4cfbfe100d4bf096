"""Known hits, fired at a pixel wherever it runs, and what must be captured of them. The command: commands/verify.py."""
