"""The AMQP port, which may go away and come back."""

import asyncio
import ssl

from tests.eventhubs.broker import Broker
from tests.eventhubs.connection import Connection
from tests.eventhubs.publisher import Publisher
from tests.eventhubs.subscriber import Subscriber


class Server:
    """Listens for clients. Port 0 takes a free one, and keeps it from then on."""

    def __init__(self, broker: Broker, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.port = port
        self._broker = broker
        self._host = host
        self._tls = tls
        self._connections: set[Connection] = set()
        self._listening: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen; does nothing when it does already."""
        if self._listening is None:
            loop = asyncio.get_running_loop()
            self._listening = await loop.create_server(
                lambda: Connection(self._broker, self._connections),
                self._host,
                self.port,
                ssl=self._tls,
                reuse_address=True,
            )
            self.port = self._listening.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Refuse connections from now on, and drop those there are."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for connection in tuple(self._connections):
            connection.drop()

    def detach_all(self) -> None:
        """End all links to hubs, as the service does after 30 idle minutes; connections stay."""
        for connection in self._connections:
            for session in connection.sessions.values():
                for link in session.links.values():
                    if isinstance(link, (Publisher, Subscriber)):
                        link.detach("amqp:link:detach-forced", "The link is force detached: IdleTimerExpired.")
