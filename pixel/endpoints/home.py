"""/: a page for people who come by, and for those who run it."""

from html import escape
from pathlib import Path
from string import Template

from pixel.collect.enrich import Enrichers
from pixel.collect.request import Request
from pixel.collect.response import Response
from pixel.collect.track import Collector
from pixel.endpoints.endpoint import READ, Endpoint, as_page, is_local_name
from pixel.endpoints.status import may_see, status
from pixel.ledger_store import LedgerWriter

_STORED = {
    "cut": "the network the address belongs to, never the whole address",
    "drop": "nothing of the address",
    "full": "the address",
}
_SIGNALS = {
    "anonymise": "are honoured: who you are and what was sent is removed",
    "record": "are noted beside the event",
    "reject": "are honoured: nothing is kept",
}


def endpoint(collector: Collector, enrichers: Enrichers, writer: LedgerWriter | None = None) -> Endpoint:
    """Return the row of `/`. `writer` knows whether the store can be written."""
    page = Template(Path(__file__).with_name("home.html").read_text("utf-8"))
    settings = collector.settings

    async def handle(request: Request) -> Response:
        host = request.headers.get("host", "localhost")
        scheme = "http" if is_local_name(host) else "https"
        known = may_see(request, settings.status_key)
        told = status(collector, enrichers, writer) if known else None
        fill = {
            "origin": escape(f"{scheme}://{host}"),
            "path": settings.path or "/pix",
            "state": "needs attention" if told and told["problems"] else "running",
            "tone": "bad" if told and told["problems"] else "good",
            "figures": _figures(told["ledger"]) if told else "<p>The figures need a key.</p>",
            "problems": "".join(
                f'<li class="bad">{escape(problem)}</li>' for problem in (told or {}).get("problems", ())
            ),
            "enrichers": ", ".join(escape(each.name) for each in enrichers.running) or "none",
            "stored": _STORED[settings.ip],
            "signals": _SIGNALS[settings.privacy_signal],
            "live": '<a href="/live">Live hits</a>' if collector.watch else "",
        }
        return as_page(page.substitute(fill))

    return Endpoint("home", "/", READ, handle)


def _figures(ledger: dict[str, object]) -> str:
    rows = []
    for name in ("received", "accepted", "rejected", "failed"):
        value = ledger[name]
        why = ""
        if isinstance(value, dict):
            why = ", ".join(f"{escape(reason)} {count:,}" for reason, count in value.items())
            value = sum(value.values())
        rows.append(f"<div><dt>{name}</dt><dd>{value:,}</dd><small>{why}</small></div>")
    return f"<dl>{''.join(rows)}</dl>"
