"""A peer that speaks to Event Hubs clients as the service does: for tests, and for laptops without Azure.

    python -m tests.eventhubs --hub pixel:4 --capture data/capture

Not the service: one process, all in memory, and less of everything. But what it answers, it answers so
that the real azure-eventhub clients, sync and async, cannot tell. In the order a hit's bytes walk through it:

    command.py      the command line: all put together
    server.py       the AMQP port, which can go away and come back
    connection.py   bytes -> frames; SASL, open, close, heartbeats
    session.py      frames -> links: credit, windows, deliveries put together
    attach.py       an address -> what is behind it, for whom it is allowed
    publisher.py    a client sends events to a hub
    subscriber.py   a client receives the events of a partition
    requests.py     a client asks $cbs (tokens.py) or $management
    broker.py       hubs, partitions, the events they keep, what was counted
    capturing.py    what was stored, in the files that Event Hubs Capture writes
    faults.py       what goes wrong on demand
    control.py      HTTP to cause faults and to see what is stored
    peer.py         `with EventHubsPeer(...) as peer:` for tests, in a process of its own

    values.py performatives.py message.py    AMQP 1.0 as bytes, from small to large

Standard: https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-overview-v1.0-os.html
What Event Hubs makes of it: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide
"""
