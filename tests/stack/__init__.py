"""The whole system on a laptop: `make stack`.

pixel -> azure-eventhub -> AMQP -> the Event Hubs peer -> Capture -> Azurite -> python -m pixel read

    __main__.py   starts all of it, says how to use and to break it, ends all of it
    screen.py     what it says
    hub.py        the Event Hubs peer, with Capture into the store
    spilled.py    prints what Event Hubs did not take
"""
