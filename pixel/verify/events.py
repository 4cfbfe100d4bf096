"""Whether captured events are what the hits must become, compared field by field."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pixel.collect.client_ip import network
from pixel.verify.finding import Finding
from pixel.verify.hits import FORGED, Hit
from pixel.verify.remote import Told
from pixel.verify.watch import Seen

COMPARED: Final = (
    "id", "endpoint", "activity", "occurred_at", "source", "customer_id", "visitor_id", "recipient", "product", "params",
    "page_url", "referrer", "user_agent", "language", "consent", "flags",
)  # fmt: skip
"""Fields that a hit decides; `ip`, `enrichments` and the numbers are looked at on their own."""
_EMPTY: Final[dict[str, Any]] = {"params": {}, "flags": []}

PRIVACY: Final = "Privacy is at stake: is the deployed version the one you think? See /status and docs/privacy.md."


def compare(fired: Iterable[Hit], found: Mapping[str, Sequence[Seen]], told: Told) -> list[Finding]:
    """Return what is wrong with the events that were found. Missing ones are none of its business."""
    findings: list[Finding] = []
    numbers: dict[tuple[Any, ...], str] = {}
    for hit in fired:
        events = found.get(hit.id, ())
        if not events:
            continue
        if hit.event is None:
            findings.append(Finding(hit.name, "is stored, and must not be", PRIVACY))
            continue
        findings += _compare(hit, events[0], told)
        number = tuple(events[0].fields.get(name) for name in ("instance", "boot", "seq"))
        if not number[1] or not isinstance(number[2], int) or numbers.setdefault(number, hit.id) != hit.id:
            what = f"has the number {number}: instance, boot and seq must be there, and differ for each event"
            findings.append(Finding(hit.name, what, "Does something between the pixel and Capture change events?"))
        if len(events) > 1:
            same = all(each.fields == events[0].fields for each in events)
            what = f"is stored {len(events)} times" + ("" if same else ", and not alike")
            look = "Delivery is at least once: a send whose answer was lost is sent again. Count by id."
            findings.append(Finding(hit.name, what, look, wrong=not same))
    return findings


def _compare(hit: Hit, seen: Seen, told: Told) -> list[Finding]:
    expected, fields = hit.event or {}, seen.fields
    findings = []
    renamed = [alias for alias in told.aliases if f"&{alias}=" in hit.query]
    if renamed:
        what = f"was not compared field by field: PIXEL_ALIASES gives {', '.join(renamed)} another meaning"
        findings.append(Finding(hit.name, what, wrong=False))
    for name in () if renamed else COMPARED:
        empty = _EMPTY.get(name)
        have, want = fields.get(name, empty), expected.get(name, empty)
        if name == "flags" and isinstance(have, list):
            have, want = sorted(map(str, have)), sorted(want or ())
        if have != want:
            what = f"has {name} {_short(have)} instead of {_short(want)}"
            findings.append(Finding(hit.name, what, PRIVACY if "anonymised" in expected.get("flags", ()) else ""))
    text = seen.body.decode(errors="replace")
    for word in hit.gone:
        if word in text and not (word == FORGED and told.ip_rule == "full"):
            what = f"holds {'an address it must not believe' if word == FORGED else 'what had to go'}: {_short(word)}"
            findings.append(Finding(hit.name, what, PRIVACY))
    findings += _address(hit, seen, text, told)
    wanted = [each for each in hit.enriched if each in told.enrichers]
    without = [name for name in wanted if name not in fields.get("enrichments", {})]
    if without and "anonymised" not in fields.get("flags", ()):
        findings.append(
            Finding(hit.name, f"lacks what {', '.join(without)} finds out", "See `enrichers` of /status.")
        )
    if errors := fields.get("enrich_errors"):
        findings.append(Finding(hit.name, f"has enrichers that failed: {errors}", "The pixel's log has a traceback."))
    return findings


def _address(hit: Hit, seen: Seen, text: str, told: Told) -> list[Finding]:
    ip, address = seen.fields.get("ip"), told.address
    if told.ip_rule != "full" and ((address and f'"{address}"' in text) or (ip and "/" not in ip)):
        assumed = "" if told.open else " (assumed: /status needs --key)"
        return [Finding(hit.name, f"holds a full address, with PIXEL_IP={told.ip_rule}{assumed}", PRIVACY)]
    if "anonymised" in seen.fields.get("flags", ()) or told.ip_rule == "drop":
        return [Finding(hit.name, f"holds an address: {ip}", PRIVACY)] if ip else []
    if ip in (FORGED, network(FORGED)):
        bare = "nothing stands before this pixel that would write the header"
        here = told.preset == "functions" and address is None
        return [Finding(hit.name, f"has the address that it claims in X-Forwarded-For{'; ' + bare if here else ''}",
                        "PIXEL_CLIENT_IP does not fit what stands before the pixel: ask /whoami.", wrong=not here)]  # fmt: skip
    if address is not None and ip is None:
        return [Finding(hit.name, "has no address, though /whoami sees one", "PIXEL_CLIENT_IP: ask /whoami.")]
    if address is not None and told.ip_rule == "cut" and ip != network(address):
        return [Finding(hit.name, f"has the network {ip}, and /whoami says {network(address)}",
                        "Right if you have more than one address; else see PIXEL_CLIENT_IP.", wrong=False)]  # fmt: skip
    return []


def _short(value: object) -> str:
    text = repr(value) if value is not None else "(none)"
    return text if len(text) <= 80 else f"{text[:60]}… ({len(text):,} characters)"
