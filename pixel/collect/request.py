"""Request: a hit as it was sent, free of any server and of Azure."""

import msgspec


class Token(msgspec.Struct, frozen=True):
    """What the signed token of a tag or link says, once its signature was found right."""

    issued_at: float
    recipient: str | None = None


class Request(msgspec.Struct):
    """One HTTP request, nothing interpreted.

    `query` is the raw query without its `?`, each byte one character (latin-1), so that no byte is lost.
    `headers` have lower-case names; repeated ones are joined by `, ` (cookies by `; `), as RFC 9110
    5.3 and RFC 9113 8.2.3 say.
    `peer` is the address of the other end of the connection, where the server knows it.
    `received_at` is in seconds since 1970. `token` is there only where a verified one came with the hit.
    `reference` is what whoever took the hit calls it, where it has such a name: the event's id, if the query has none.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    received_at: float
    peer: str = ""
    body: bytes = b""
    token: Token | None = None
    reference: str | None = None
