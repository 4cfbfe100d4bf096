"""What all that was seen means for a person: is it well, and if not, where to look first."""

from collections.abc import Mapping, Sequence

from pixel.verify.finding import Finding
from pixel.verify.hits import Hit
from pixel.verify.remote import Told


def about_pixel(told: Told, health: tuple[int, str]) -> list[Finding]:
    """Return what the pixel itself says is wrong, and what had to be assumed."""
    findings = [Finding("", f"/status says: {problem.rstrip('.')}", wrong=False) for problem in told.problems]
    status, problem = health
    if status != 200:
        what = f"/health answers {status}{': ' + problem if problem else ''}"
        look = "Without a sink no hit is stored." if problem else "Is this the whole address of a pixel?"
        findings.append(Finding("", what, look))
    if not told.open:
        what = f"/status is closed: PIXEL_PRIVACY_SIGNAL={told.privacy} and PIXEL_IP={told.ip_rule} are assumed"
        findings.append(Finding("", f"{what}, and enrichers are not checked", "Give --key to know.", wrong=False))
    elif told.ip_rule == "full":
        findings.append(Finding("", "PIXEL_IP=full: whole addresses are stored, by your own setting", wrong=False))
    return findings


def about_missing(
    missing: Sequence[Hit], stored: int, told: Told, spilled: int, place: str, waited_s: float, is_here: bool
) -> list[Finding]:
    """Return what to make of accepted events that are not captured; `spilled`: by that process while we waited."""
    if not missing:
        return []
    names = ", ".join(hit.name for hit in missing[:5]) + (", …" if len(missing) > 5 else "")
    some = "1 accepted event is" if len(missing) == 1 else f"{len(missing)} accepted events are"
    what = f"{some} not in {place} after {waited_s:.0f} s: {names}"
    if spilled > 0:
        return [Finding("", what, f"The pixel spilled {spilled} events: Event Hubs did not take them in time. They are "
                        "safe in PIXEL_STORE, and `python -m pixel replay` sends them on. Look at Throttled Requests.")]  # fmt: skip
    if stored:
        return [Finding("", what, "The others are there. Are a partition's files late (wait longer: --wait), or do they "
                        "go elsewhere? Compare Incoming and Captured Messages in the metrics of Event Hubs.")]  # fmt: skip
    if told.sink == "CaptureFileSink" or (is_here and not told.open):
        look = "Is this the folder that the pixel captures to? See PIXEL_CAPTURE_DIR in its /status."
        return [Finding("", what, look)]
    return [Finding("", what, "None is there. Look at Event Hubs, Metrics: without Incoming Messages the pixel sends to "
                    "another hub (EVENT_HUB, EVENT_HUB_NAME); with them but no Captured Messages, Capture is off, its time "
                    "window is longer than --wait, or the namespace's identity may not write (role Storage Blob Data "
                    "Contributor); with both, --capture names another container.")]  # fmt: skip


def privacy_of(told: Told, outcomes: Mapping[str, str | None], events: Mapping[str, Sequence[str]]) -> str:
    """Return the PIXEL_PRIVACY_SIGNAL that a pixel with a closed /status shows, by what became of the hit with DNT.

    `outcomes` and `events` (the flags) are by the hit's name.
    """
    if told.open:
        return told.privacy
    if outcomes.get("DNT") == "rejected:opted_out":
        return "reject"
    if "DNT" in events and "anonymised" not in events["DNT"]:
        return "record"
    return told.privacy
