"""`python -m tests.eventhubs`."""

from tests.eventhubs.command import main

main()
