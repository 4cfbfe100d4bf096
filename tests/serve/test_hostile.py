"""Whatever a client sends, over raw sockets to the served process: the image comes back, and nothing is lost or made up.

What the server (llhttp, under uvicorn) refuses with 400 before any code of ours runs, so that it is no hit and not in
the ledger: a request target with a byte outside `!` to `~` (controls, space, DEL, and every raw non-ASCII byte; browsers
and HTTP libraries percent-encode all of them); a header name or value with a control character; a folded header; a line
that ends in a bare LF; lengths that contradict each other. It has no limit of length. A fragment (`#...`), which no
browser sends, is cut off.
"""

import json
import random
import socket
import string
import struct
from collections import Counter
from typing import NamedTuple

import pytest

from pixel.collect.response import GIF
from pixel.event import decode
from tests.serving import command, eventually, serving

ALLOWED = frozenset(range(0x21, 0x7F))
"""Bytes that the server lets pass in a request target."""


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def outcomes(self) -> list[str]:
        return [value for name, value in self.headers if name == "x-pixel-outcome"]


class Connection:
    """A socket to the served pixel that sends what it is told and reads one answer at a time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._file = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, raw: bytes) -> None:
        self._socket.sendall(raw)

    def read(self, *, body: bool = True) -> Answer:
        """Read one answer; one to HEAD has a length but no body."""
        start = self._file.readline()
        assert start, "the server closed the connection without an answer"
        headers = []
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name.lower(), value.strip()))
        status = int(start.split()[1])
        length = int(dict(headers).get("content-length", 0)) if body else 0
        return Answer(status, headers, self._file.read(length))

    def ends(self) -> bool:
        """Say whether the server closes it, with no byte more."""
        return self._file.read(1) == b""

    def close(self, *, reset: bool = False) -> None:
        if reset:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._file.close()
        self._socket.close()


def get(target: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: pixel.example.com", *headers, b"", b""])


def is_hit(answer: Answer) -> bool:
    """Say whether an answer is what every hit must get."""
    return (
        answer.status == 200
        and answer.body == GIF
        and len(answer.outcomes) == 1
        and [value for name, value in answer.headers if name == "content-type"] == ["image/gif"]
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("hostile")) as served:
        yield served
        assert "Traceback" not in served.said()


TARGETS = {
    "an escape cut short": (b"/pix?a=%b", {"params": {"a": "%b"}}),
    "escapes that are no UTF-8": (
        b"/pix?a=%ff%fe&b=1",
        {"params": {"a": "\ufffd\ufffd", "b": "1"}, "flags": ["invalid_utf8"]},
    ),
    "an escape that is none": (b"/pix?%zz", {"params": {"%zz": ""}}),
    "an emoji": (b"/pix?product=%F0%9F%A5%90", {"product": "\N{CROISSANT}"}),
    "20 KB of query": (b"/pix?a=1&b=" + b"x" * 20_000, {"params": {"a": "1"}, "flags": ["truncated"]}),
    "20 KB in one name": (b"/pix?" + b"x" * 20_000, {"flags": ["truncated"]}),
    "200 parameters": (
        b"/pix?" + b"&".join(b"p%d=%d" % (n, n) for n in range(200)),
        {"params": {f"p{n}": str(n) for n in range(200)}},
    ),
    "an escaped NUL": (b"/pix?customerId=a%00b&%00", {"customer_id": "a\0b", "params": {"\0": ""}}),
    "no query": (b"/pix", {"activity": "page_view"}),
    "an empty query": (b"/pix?", {"activity": "page_view"}),
    "a query of separators": (b"/pix?&&=&=a&&", {"params": {"": ["", "a"]}}),
    "question marks": (b"/pix?a=?&?=b", {"params": {"a": "?", "?": "b"}}),
    "repeated keys": (
        b"/pix?customerId=1&customerId=2&a=1&a=2&a=",
        {
            "customer_id": "1",
            "params": {"customerId": ["1", "2"], "a": ["1", "2", ""]},
            "flags": ["repeated"],
        },
    ),
    "odd but legal": (
        b"/pix?a=\"<>|^`{}\\'&<script>=$",
        {"params": {"a": "\"<>|^`{}\\'", "<script>": "$"}},
    ),
    "a surrogate in UTF-8": (b"/pix?a=%ED%A0%80", {"flags": ["invalid_utf8"]}),
    "an overlong slash": (b"/pix?a=%C0%AF", {"flags": ["invalid_utf8"]}),
    "a line end and a header": (b"/pix?a=%0D%0ASet-Cookie:%20x=1", {"params": {"a": "\r\nSet-Cookie: x=1"}}),
    "a fragment": (b"/pix?a=1#?b=2", {"params": {"a": "1"}}),
    "an absolute target": (b"http://shop.example.com/pix?a=1", {"params": {"a": "1"}}),
    "an odd case": (b"/Pix.GIF?a=1", {"params": {"a": "1"}}),
    "a slash behind": (b"/pix/?a=1", {"params": {"a": "1"}}),
    "an escaped path": (b"/%70ix?a=1", {"params": {"a": "1"}}),
    "no time there is": (
        b"/pix?occurredAt=99999999999999999999",
        {"occurred_at": None, "params": {"occurredAt": "99999999999999999999"}},
    ),
    "a page that is no URL": (b"/pix?url=http://[::1&ref=://@@", {"page_url": "http://[::1", "referrer": "://"}),
}


@pytest.mark.parametrize(("target", "event"), TARGETS.values(), ids=TARGETS)
def test_any_query_gets_the_image_and_an_outcome(served, target, event):
    with Connection(served.port) as connection:
        connection.send(get(target))
        answer = connection.read()
    assert is_hit(answer)
    assert answer.outcomes == ["accepted"]
    stored = served.events()[-1]
    assert {name: stored.get(name) for name in event} == event


HEADERS = {
    "no User-Agent": ([], {"user_agent": None}),
    "a forged address": ([b"X-Forwarded-For: 203.0.113.77"], {"ip": "127.0.0.0/24"}),
    "two forged addresses": (
        [b"X-Forwarded-For: 203.0.113.77", b"X-Forwarded-For: 198.51.100.1, 192.0.2.1"],
        {"ip": "127.0.0.0/24"},
    ),
    "forged addresses of other front ends": (
        [
            b"X-Real-IP: 203.0.113.77",
            b"Forwarded: for=203.0.113.77",
            b"X-Azure-SocketIP: 203.0.113.77",
            b"X-Azure-FDID: ",
            b"X-Azure-ClientIP: 203.0.113.77",
        ],
        {"ip": "127.0.0.0/24"},
    ),
    "empty values": (
        [b"User-Agent:", b"Referer:", b"Cookie:", b"Accept-Language: ", b"DNT:", b"Origin:", b"X-Forwarded-For:"],
        {"user_agent": None, "page_url": None, "language": None, "flags": None},
    ),
    "latin-1 in User-Agent": (
        [b"User-Agent: M\xfcller/1.0"],
        {"user_agent": "M\ufffdller/1.0", "flags": ["invalid_utf8"]},
    ),
    "UTF-8 in Referer": ([b"Referer: http://b\xc3\xa4r.example/"], {"page_url": "http://bär.example/"}),
    "a long Cookie": ([b"Cookie: " + b"a=b; " * 12_000], {"flags": None}),
    "a Cookie of nonsense": ([b"Cookie: pixel_;=;;pixel_optout;pixel_consent==;\xff"], {"flags": None}),
    "a long User-Agent": ([b"User-Agent: " + b"x" * 60_000], {"user_agent": "x" * 1024, "flags": ["truncated"]}),
    "two Hosts": ([b"Host: other.example.com"], {}),
    "two User-Agents": ([b"User-Agent: a", b"User-Agent: b"], {"user_agent": "a, b"}),
    "a thousand headers": ([b"X-%d: %d" % (n, n) for n in range(1000)], {}),
    "no end of a connection": ([b"Connection: close"], {}),
    "an upgrade": ([b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"], {}),
    "an upgrade to HTTP/2": ([b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMA"], {}),
    "a login in Referer": (
        [b"Referer: https://jane:secret@shop.example.com/a@b"],
        {"page_url": "https://shop.example.com/a@b", "source": "shop.example.com"},
    ),
}


@pytest.mark.parametrize(("headers", "event"), HEADERS.values(), ids=HEADERS)
def test_any_headers_get_the_image_and_an_outcome(served, headers, event):
    with Connection(served.port) as connection:
        connection.send(get(b"/pix?a=1", *headers))
        answer = connection.read()
    assert is_hit(answer)
    assert answer.outcomes == ["accepted"]
    stored = served.events()[-1]
    assert {name: stored.get(name) for name in event} == event


FORMS = {
    "HTTP/1.0": b"GET /pix?a=1 HTTP/1.0\r\n\r\n",
    "HTTP/1.0 that stays": b"GET /pix?a=1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "no Host": b"GET /pix?a=1 HTTP/1.1\r\n\r\n",
    "a body": get(b"/pix?a=1", b"Content-Length: 3") + b"abc",
    "a body in chunks": get(b"/pix?a=1", b"Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n",
    "a large body": get(b"/pix?a=1", b"Content-Length: 300000") + b"x" * 300_000,
    "empty lines before": b"\r\n\r\n" + get(b"/pix?a=1"),
}


@pytest.mark.parametrize("raw", FORMS.values(), ids=FORMS)
def test_any_form_of_get_is_one_hit(served, raw):
    before = served.ledger()["received"]
    with Connection(served.port) as connection:
        connection.send(raw)
        assert is_hit(connection.read())
    assert served.ledger()["received"] == before + 1
    assert served.events()[-1]["params"] == {"a": "1"}


def test_the_bytes_that_the_server_refuses_in_a_target_are_those_we_document(served):
    before = served.ledger()["received"]
    refused = set()
    for byte in range(0x100):
        if byte in b"\r\n":
            continue  # they end the line
        with Connection(served.port) as connection:
            connection.send(get(b"/pix?a=" + bytes([byte]) + b"b"))
            answer = connection.read()
            assert is_hit(answer) or answer.status == 400
            if answer.status == 400:
                assert connection.ends()
                refused.add(byte)
    assert refused == set(range(0x100)) - ALLOWED - set(b"\r\n")
    assert served.ledger()["received"] == before + len(ALLOWED)


MALFORMED = {
    "garbage": b"\x00\xff\xfe\x01garbage\r\n\r\n",
    "a TLS handshake": bytes.fromhex("16030100ba010000b60303") + b"\x5a" * 180,
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no target": b"GET HTTP/1.1\r\n\r\n",
    "a space in the target": b"GET /pix?a=1 2 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a bare LF": b"GET /pix HTTP/1.1\nHost: x\n\n",
    "a folded header": get(b"/pix", b"X-A: b", b" c"),
    "a NUL in a header": get(b"/pix", b"X-A: \0"),
    "a space in a header's name": get(b"/pix", b"X A: b"),
    "two lengths": get(b"/pix", b"Content-Length: 3", b"Content-Length: 4") + b"abcd",
    "a length and chunks": get(b"/pix", b"Content-Length: 3", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "a length below zero": get(b"/pix", b"Content-Length: -1"),
    "a port that is none": b"GET http://pixel:99999999/pix HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_http_is_refused_and_no_hit_and_harms_nobody(served, raw):
    before = served.ledger()["received"]
    with Connection(served.port) as connection, Connection(served.port) as other:
        connection.send(raw)
        answer = connection.read()
        assert answer.status == 400
        assert connection.ends()
        other.send(get(b"/pix"))
        assert is_hit(other.read())
    assert served.ledger()["received"] == before + 1


@pytest.mark.parametrize("ends", [1, 10, 25, 45])
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_half_a_request_is_no_hit_and_harms_nobody(served, ends, reset):
    before = served.ledger()["received"]
    for _ in range(20):
        connection = Connection(served.port)
        connection.send(get(b"/pix?customerId=123", b"User-Agent: half")[:ends])
        connection.close(reset=reset)
    with Connection(served.port) as slow, Connection(served.port) as other:
        slow.send(get(b"/pix?a=1")[:ends])
        other.send(get(b"/pix?a=2"))
        assert is_hit(other.read())
        slow.send(get(b"/pix?a=1")[ends:])
        assert is_hit(slow.read())
    assert served.ledger()["received"] == before + 2


@pytest.mark.parametrize("where", ["target", "header", "headers without end"])
def test_very_long_requests_take_nothing_down(served, where):
    with Connection(served.port) as connection:
        if where == "target":
            connection.send(get(b"/pix?a=1&b=" + b"x" * 70_000))
            assert is_hit(connection.read())
        elif where == "header":
            connection.send(get(b"/pix?a=1", b"X-Long: " + b"x" * 1_000_000))
            assert is_hit(connection.read())
        else:
            connection.send(get(b"/pix")[:-2] + b"X-A: b\r\n" * 100_000)
    with Connection(served.port) as connection:
        connection.send(get(b"/pix"))
        assert is_hit(connection.read())


def test_pipelined_requests_are_answered_each_and_in_order(served):
    head = b"HEAD /pix HTTP/1.1\r\n\r\n"
    post = b"POST /pix HTTP/1.1\r\nContent-Length: 5\r\n\r\nab&c="
    with Connection(served.port) as connection:
        for number in range(50):
            connection.send(get(b"/pix?eventId=piped-%d" % number) + head + get(b"/health") + post)
        for _ in range(50):
            assert is_hit(connection.read())
            assert connection.read(body=False).status == 200
            assert json.loads(connection.read().body) == {"healthy": True}
            assert connection.read().status == 405
    piped = [event["id"] for event in served.events() if event["id"].startswith("piped-")]
    assert piped == [f"piped-{number}" for number in range(50)]


def test_hits_sent_before_garbage_or_a_hang_up_are_counted_and_stored(served):
    # Their answers may never be read, or not be sent: that is at least once, never less than answered.
    before = served.ledger()
    for number in range(60):
        connection = Connection(served.port)
        connection.send(get(b"/pix?hung=%d" % number) + (b"\0garbage" if number % 3 == 0 else b""))
        connection.close(reset=number % 3 == 1)
    with Connection(served.port) as connection:
        connection.send(get(b"/pix?hung=last"))
        assert is_hit(connection.read())

    def adds_up() -> bool:  # once the server has read what the closed connections had sent
        after = served.ledger()
        stored = sum("hung" in event.get("params", {}) for event in served.events())
        return stored == after["accepted"] - before["accepted"] == after["received"] - before["received"]

    eventually(adds_up)


def test_a_hostile_host_writes_nothing_into_a_page(served):
    with Connection(served.port) as connection:
        connection.send(b'GET / HTTP/1.1\r\nHost: "><script>alert(1)</script>\r\n\r\n')
        answer = connection.read()
    assert answer.status == 200
    assert b"<script>alert" not in answer.body


def test_ten_thousand_hostile_requests_leave_a_ledger_that_adds_up(tmp_path):
    hostile = Hostile(random.Random(2026))
    outcomes: Counter[str] = Counter()
    refused = 0
    with serving(tmp_path) as served:
        connections = [Connection(served.port) for _ in range(8)]
        for _ in range(10_000 // len(connections)):
            sent = [hostile.request() for _ in connections]
            for connection, (raw, _) in zip(connections, sent, strict=True):
                connection.send(raw)
            for at, (raw, target) in enumerate(sent):
                answer = connections[at].read()
                if set(target) <= ALLOWED:
                    assert is_hit(answer), (raw, answer)
                    outcomes[answer.outcomes[0]] += 1
                else:
                    assert answer.status == 400, (raw, answer)
                    assert connections[at].ends()
                    connections[at].close()
                    connections[at] = Connection(served.port)
                    refused += 1
        for connection in connections:
            connection.close()
        ledger = served.ledger()
        said = set(served.said().splitlines())

    rejected = {name.partition(":")[2]: count for name, count in outcomes.items() if name.startswith("rejected:")}
    assert ledger["rejected"] == rejected
    assert set(rejected) == {"opted_out", "too_old", "in_future"}  # the generator reaches all that a pixel can
    assert ledger["accepted"] == outcomes["accepted"] > 5_000
    assert ledger["failed"] == {}
    assert ledger["in_flight"] == 0
    assert ledger["received"] == ledger["accepted"] + sum(rejected.values()) == outcomes.total() == 10_000 - refused
    assert refused > 100
    assert said == {"WARNING:  Invalid HTTP request received."}

    done = command("read", str(tmp_path))
    assert done.returncode == 0
    assert done.stderr == b""
    events = [decode(line) for line in done.stdout.split(b"\n")[:-1]]
    assert len(events) == ledger["accepted"]
    assert [event.seq for event in events] == list(range(len(events)))
    assert not [event.enrich_errors for event in events if event.enrich_errors]
    assert {event.ip for event in events} <= {"127.0.0.0/24", None}


class Hostile:
    """Makes requests that are HTTP, and nothing else about them is as it should be."""

    PATHS = (b"/pix", b"/pix.gif", b"/PIX", b"/pix/", b"//pix", b"/%70ix", b"http://a@b:1/pix")
    NAMES = (
        b"customerId", b"visitorId", b"recipient", b"product", b"activity", b"url", b"ref", b"eventId", b"occurredAt",
        b"consent", b"utm_source", b"utm_medium", b"gclid", b"amp;product", b"amp;amp;a", b"source", b"", b"__proto__",
    )  # fmt: skip
    VALUES = (
        b"", b"%", b"%b", b"%zz", b"%00", b"%ff%fe", b"%C0%AF", b"%ED%A0%80", b"%F0%9F%A5%90", b"%0d%0a", b"%25%32%35",
        b"%u0041", b"+", b"%2B", b"1000000000", b"4102444800", b"2026-01-01T00:00:00+01:00", b"-1", b"1e309", b"NaN",
        b"99999-99-99", b"9999-12-31T23:59:59Z", b"0001-01-01T00:00:00%2B23:59", b"granted", b"denied", b"DENIED",
        b"../../etc/passwd", b"';DROP--", b"<script>", b"${jndi:ldap://a}", b"{{7*7}}", b"http://", b"https://[::1",
        b"https://a:b@c/?utm_source=%ff&gclid=", b"http%3A%2F%2Fa%2F%3Futm_source%3D%25ff", b"://@@", b"a" * 5_000,
    )  # fmt: skip
    HEADERS = (
        b"User-Agent", b"Referer", b"Cookie", b"Accept-Language", b"X-Forwarded-For", b"Origin", b"DNT", b"Sec-GPC",
        b"Sec-Purpose", b"Purpose", b"X-Azure-FDID", b"X-Azure-SocketIP", b"X-Pixel-Outcome", b"Content-Type", b"Via",
        b"Range", b"If-None-Match", b"Accept-Encoding", b"Authorization", b"Host",
    )  # fmt: skip
    HEADER_VALUES = (
        b"", b"1", b"0", b"null", b"pixel_optout=1", b"pixel_consent=0", b"pixel_consent=%", b";;=;pixel_optout=1;",
        b"prefetch", b"bytes=0-1", b"203.0.113.77", b"[::1]:80, ::ffff:1.2.3.4", b"1.2.3", b"https://[", b"://",
        b"https://shop.example.com:x/?utm_source=%&utm_medium", b"http://@:@:/#?", b"M\xfcller", b"\xff\xfe", b"\t,\t",
        b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", b"Mozilla/5.0 " + b"(" * 3_000, b"x" * 20_000,
    )  # fmt: skip
    PRINTABLE = (string.ascii_letters + string.digits + string.punctuation + "%&=+;#?" * 8).encode()

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def request(self) -> tuple[bytes, bytes]:
        """Answer a whole request, and its target."""
        chance = self._chance
        target = chance.choice(self.PATHS) + b"?" + b"&".join(self._part() for _ in range(chance.randrange(6)))
        if chance.random() < 0.01:
            target += b"&" + b"&".join(b"p%d=" % n for n in range(chance.randrange(3_000)))
        headers = []
        for _ in range(chance.randrange(5)):
            value = chance.choice(self.HEADER_VALUES) if chance.random() < 0.7 else self._bytes(40, b" 	", 0.3)
            headers.append(chance.choice(self.HEADERS) + b": " + value)
        return get(target, *headers), target

    def _part(self) -> bytes:
        kind = self._chance.random()
        if kind < 0.7:
            return self._chance.choice(self.NAMES) + b"=" + self._chance.choice(self.VALUES)
        return self._bytes(60, b"", 0.1)

    def _bytes(self, most: int, more: bytes, raw: float) -> bytes:
        """Answer random printable bytes and `more`; with the chance `raw`, some that are not ASCII among them."""
        alphabet = self.PRINTABLE + more
        if self._chance.random() < raw:
            alphabet += bytes(range(0x80, 0x100))
        return bytes(self._chance.choices(alphabet, k=self._chance.randrange(most)))
