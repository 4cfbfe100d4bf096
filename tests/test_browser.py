"""A real browser loads the examples, the live page and the home page, and the events arrive."""

import re
import shutil
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest

from tests.serving import ROOT, serving

try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:
    sync_playwright = None

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

ATTACK = """<img src=x onerror="alert('pixel')"><script>alert(1)</script>"""


@pytest.fixture(scope="module")
def browser():
    if sync_playwright is None:
        pytest.skip("playwright is missing: make setup installs it")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium (on Debian: apt install chromium)")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments + quiet)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page of a fresh visitor. At the end it must have had nothing to complain about."""
    complaints = []
    context = browser.new_context(locale="de-CH")
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
    page.complaints = complaints
    yield page
    context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("browser")) as served:
        yield served
        assert served.said() == ""


@pytest.fixture(scope="module")
def shop(served):
    """The examples on an origin of their own, with the pixel's address put in."""
    pages = {
        f"/{name}": (ROOT / "examples" / name)
        .read_text("utf-8")
        .replace("127.0.0.1:7071", f"127.0.0.1:{served.port}")
        for name in ("page.html", "mail.html")
    }
    with _site(pages) as port:
        yield f"http://127.0.0.1:{port}"


def test_the_example_page_counts_its_view_and_a_click(page, served, shop):
    page.goto(f"{shop}/page.html?colour=red", referer="http://news.example.org/today")
    assert _naturally_wide(page, "img") == 1
    seen = served.event(activity="page_view", page_url=f"{shop}/page.html?colour=red")
    assert seen["customer_id"] == "123"
    assert seen["product"] == "ac12"
    assert seen["source"] == "127.0.0.1"
    assert seen["language"].startswith("de-CH")
    assert "Chrome/" in seen["user_agent"]
    assert seen["ip"] == "127.0.0.0/24"
    assert "params" not in seen
    assert "flags" not in seen

    page.get_by_role("button", name="Add to basket").click()
    expect(page.locator("#said")).to_have_text("It is in your basket.")
    clicked = served.event(activity="add_to_basket")
    assert clicked["product"] == "ac12"
    assert clicked["page_url"] == f"{shop}/page.html?colour=red"
    assert clicked["referrer"] == "http://news.example.org/today"
    assert clicked["seq"] == seen["seq"] + 1


def test_the_example_mail_counts_that_it_was_opened(page, served, shop):
    page.goto(f"{shop}/mail.html")
    assert _naturally_wide(page, "img") == 1
    opened = served.event(activity="open")
    assert opened["recipient"] == "r-20417"
    assert opened["enrichments"]["campaign"] == {
        "source": "newsletter",
        "medium": "email",
        "name": "harvest 2026",
    }
    assert "flags" not in opened
    # The tag has no referrerpolicy, so a browser tells another origin no more than this.
    assert opened["page_url"] == f"{shop}/"


def test_an_isolated_page_can_embed_the_pixel(page, served):
    pixel = f"http://127.0.0.1:{served.port}/pix?isolated=1"
    policy = {"Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Opener-Policy": "same-origin"}
    html = f'<img id="pixel" src="{pixel}"><img id="other" src="http://localhost:PORT/page.html">'
    with _site({"/": html, "/page.html": "no image, and without CORP not even asked"}, policy) as port:
        page.goto(f"http://127.0.0.1:{port}/")
        assert page.evaluate("crossOriginIsolated")
        assert _naturally_wide(page, "#pixel") == 1
        assert _naturally_wide(page, "#other") == 0
    assert served.event(params={"isolated": "1"})
    [complaint] = page.complaints
    assert "net::ERR_BLOCKED_BY_RESPONSE" in complaint
    page.complaints.clear()


def test_a_script_can_read_the_outcome(page, served, shop):
    page.goto(f"{shop}/mail.html")
    read = "async url => { const answer = await fetch(url); return answer.headers.get('X-Pixel-Outcome') }"
    assert page.evaluate(read, f"{served.url}/pix?from=fetch") == "accepted"
    assert page.evaluate(read, f"{served.url}/pix?occurredAt=1000000000") == "rejected:too_old"


def test_the_live_page_shows_a_hit_as_it_lands(page, served):
    page.goto(f"{served.url}/live")
    expect(page.locator("#state")).to_have_text("live")
    served.get("/pix?customerId=c-4711&product=live-1&activity=purchase&colour=red")
    newest = page.locator("#hits > details").first
    expect(newest).to_contain_text("accepted")
    expect(newest).to_contain_text("purchase")
    expect(newest).to_contain_text("c-4711")
    expect(_row(newest, "colour")).to_contain_text("red")
    served.get("/pix?customerId=c-4711", {"Cookie": "pixel_optout=1"})
    expect(page.locator("#hits > details").first).to_contain_text("rejected:opted_out")
    expect(page.locator("#hits > details").first).not_to_contain_text("c-4711")


def test_the_live_page_sends_a_hit_of_its_own(page, served):
    page.goto(f"{served.url}/live")
    expect(page.locator("#state")).to_have_text("live")
    page.locator("#src").fill(f"{served.url}/pix?product=tried-1&amp;activity=try")
    page.get_by_role("button", name="Send a hit").click()
    expect(page.locator("#hits > details").first).to_contain_text("tried-1")
    assert served.event(product="tried-1")["activity"] == "try"


def test_a_page_opened_later_shows_the_last_hits_too(page, served):
    served.get("/pix?product=earlier-1")
    page.goto(f"{served.url}/live")
    expect(page.locator("#hits")).to_contain_text("earlier-1")


def test_markup_in_a_hit_is_shown_as_text(page, served):
    page.goto(f"{served.url}/live")
    expect(page.locator("#state")).to_have_text("live")
    attack = quote(ATTACK)
    names = ("customerId", "product", "activity", "url", "ref", "recipient", "utm_source", "gclid", "eventId", attack)
    served.get(
        "/pix?" + "&".join(f"{name}={attack}" for name in names),
        {"User-Agent": ATTACK, "Referer": ATTACK, "Accept-Language": ATTACK},
    )
    newest = page.locator("#hits > details").first
    expect(_row(newest, "customer_id")).to_contain_text(ATTACK)
    expect(_row(newest, "user_agent")).to_contain_text(ATTACK)
    expect(_row(newest, "gclid")).to_contain_text(ATTACK)
    served.get(f"/pix?occurredAt=1000000000&a={ATTACK.replace(' ', '%20')}")
    expect(_row(page.locator("#hits > details").first, "query")).to_contain_text("onerror=")
    assert page.locator("#hits img, #hits script").count() == 0


def test_the_home_page_renders(page, served):
    page.goto(f"{served.url}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pixel")
    expect(page.locator(".state")).to_have_text("running")
    expect(page.locator("pre").first).to_contain_text(f'<img src="http://127.0.0.1:{served.port}/pix?')
    received = page.locator("dl div", has_text="received").locator("dd")
    assert re.fullmatch(r"[\d,]+", received.inner_text())
    page.get_by_role("link", name="Live hits").click()
    expect(page.locator("#state")).to_have_text("live")


@pytest.mark.parametrize("path", ["/live", "/live/events", "/LIVE/"])
@pytest.mark.parametrize(
    "host",
    [
        "pixel.example.com",
        "pixel.example.com:7071",
        "localhost.example.com:7071",
        "127.0.0.1.example.com",
        "example.com:localhost",
        "localhost@example.com",
        "localhost, example.com",
        "",
    ],
)
def test_live_hits_are_not_shown_under_a_foreign_name(served, path, host):
    # A foreign name that was made to resolve to 127.0.0.1 (DNS rebinding) is how a web page would read them.
    connection = HTTPConnection("127.0.0.1", served.port, timeout=10)
    try:
        connection.putrequest("GET", path, skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        response = connection.getresponse()
        assert response.status == 403
        assert b"localhost" in response.read()
    finally:
        connection.close()


def _row(details, name):
    """Answer the row of a hit's tables with this name before it."""
    return details.locator("tr", has=details.page.get_by_role("rowheader", name=name, exact=True))


def _naturally_wide(page, selector):
    """Answer the width of an image once the browser is done with it: 0 if it could not be shown."""
    image = page.locator(selector)
    page.wait_for_function("image => image.complete", arg=image.element_handle())
    return image.evaluate("image => image.naturalWidth")


@contextmanager
def _site(pages, headers=None):
    """Serve pages by path; PORT in them is the site's own port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            page = pages.get(self.path.partition("?")[0], "")  # nothing, for the icon that a browser asks for
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page.replace("PORT", str(server.server_port)).encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
