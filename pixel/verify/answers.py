"""Whether an answer is what a visitor's browser needs."""

from typing import Final

from pixel.collect.response import GIF
from pixel.outcome import FAILURES, REASONS
from pixel.verify.finding import Finding
from pixel.verify.hits import LONG, Hit
from pixel.verify.remote import Answer

IMAGE: Final = {
    "content-type": "image/gif",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "cross-origin",
}
REFUSED_AS_LONG: Final = (400, 404, 413, 414, 431)


def answered_wrongly(hit: Hit, answer: Answer) -> list[Finding]:
    """Return what is wrong with the answer to a hit."""
    headers, outcome = answer.headers, answer.headers.get("x-pixel-outcome")
    if 300 <= answer.status < 400:
        return [Finding(hit.name, f"is answered {answer.status}: look at {headers.get('location', 'another place')}",
                        "Give that URL to --url, and to the tag: a browser pays twice for each hit that is redirected.")]  # fmt: skip
    if LONG in hit.query and outcome is None and answer.status in REFUSED_AS_LONG:
        return [Finding(hit.name, f"is refused with {answer.status} by what stands before the pixel",
                        "Addresses that long are lost there. Raise its limit, or keep tags shorter.", wrong=False)]  # fmt: skip
    if hit.method == "OPTIONS":
        fits = answer.status == 204 and headers.get("access-control-allow-origin") in ("*", hit.headers["Origin"])
        return [] if fits else [Finding(hit.name, f"is answered {answer.status} without a word that scripts may call",
                                        "Is CORS set in Azure's own settings? It then answers before the pixel does.")]  # fmt: skip
    found = []
    if outcome != hit.outcome:
        found.append(_outcome(hit, answer, outcome))
    elif answer.status != 200:
        found.append(Finding(hit.name, f"has status {answer.status} instead of 200"))
    if hit.method == "GET" and answer.body != GIF and not found:
        found.append(Finding(hit.name, f"comes back with {len(answer.body)} bytes that are not the image"))
    wrong = [f"{name}: {headers.get(name, '(none)')}" for name, value in IMAGE.items() if headers.get(name) != value]
    if wrong and (not found or outcome):
        found.append(Finding(hit.name, f"comes with {', '.join(wrong)}",
                             "Does a proxy or CDN before the pixel change headers, or cache? It must not cache this path."))  # fmt: skip
    if hit.method == "GET" and "Origin" in hit.headers and not found and "access-control-allow-origin" not in headers:
        found.append(Finding(hit.name, "may not be read by scripts: Access-Control-Allow-Origin is missing"))
    return found


def _outcome(hit: Hit, answer: Answer, outcome: str | None) -> Finding:
    if outcome is None:
        look = (
            "Is the URL that of a pixel? With PIXEL_PATH, or behind a path of a gateway, give --url the whole path."
        )
        if answer.body == GIF and "x-azure-ref" in answer.headers:
            look = "Front Door in edge mode answers so. Give --url the app itself (PIXEL_URL); docs/edge.md says how to try the edge."
        return Finding(hit.name, f"is answered {answer.status} without X-Pixel-Outcome", look)
    kind, _, reason = outcome.partition(":")
    look = FAILURES.get(reason, "") if kind == "failed" else REASONS.get(reason, "")
    if kind == "failed":
        look = (
            f"{look} /status says more: see EVENT_HUB, the identity's role Azure Event Hubs Data Sender, PIXEL_STORE."
        )
    return Finding(hit.name, f"is {outcome} instead of {hit.outcome or 'no event'}", look.strip())
