"""Hit: a request, and the truth about it."""

import msgspec

from pixel.collect.request import Request


class Hit(msgspec.Struct):
    """One simulated request. What follows `request` are labels: what an enricher or a report should find out.

    `kind` is a key of `traffic.SHARES`. `agent` says what sent it: browser, app, tv, console, mail_program,
    mail_proxy, privacy_prefetch, link_scanner, system; or which bot: search, ai, monitor, preview, library, scanner.
    `human` is true where a person made it happen, also by way of a mail proxy. `customer` is the person, told in the
    query or not; empty if there is none. `session` names the visit. `outcome` is what the pixel says to it, with its
    default settings.
    """

    request: Request
    kind: str
    agent: str
    human: bool
    customer: str = ""
    session: str = ""
    outcome: str = "accepted"
