"""Hits take a shorter way through uvicorn; everything else goes uvicorn's, and nobody sees a difference."""

import signal
import socket

import pytest

from tests.serving import serving


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("capture")) as pixel:
        yield pixel


def say(port, *parts, then_close=False):
    """Send the parts one by one over one connection; return all that comes back until the server closes or is done."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)
        if then_close:
            connection.shutdown(socket.SHUT_WR)
        # The last request of each test says `Connection: close`, so the end of the stream is the end of the answers.
        answer = b""
        while received := connection.recv(65536):
            answer += received
        return answer


def headers_of(answer):
    lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return lines[0], {name.lower() for name, _, _ in (line.partition(":") for line in lines[1:])}


LAST = b"GET /pix?last=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
IMAGES = [
    b"GET /pix?a=1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pix?a=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    b"GET /pix?a=1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"GET /pix?a=1 HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
    b"GET /pix?a=1#fragment HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://x/pix?a=1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /PIX/?a=1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pix.gif HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n",
]


@pytest.mark.parametrize("request_", IMAGES, ids=lambda request: request.split(b"\r\n")[0].decode())
def test_every_way_gives_the_same_answer(served, request_):
    answer = say(served.port, request_, LAST)
    assert answer.count(b"GIF89a") == 2
    assert answer.count(b"x-pixel-outcome: accepted") == 2
    status, names = headers_of(answer)
    assert status == "HTTP/1.1 200 OK"
    assert names == {
        "date",
        "content-type",
        "content-length",
        "cache-control",
        "cross-origin-resource-policy",
        "x-pixel-outcome",
    }


def test_an_opt_out_in_a_second_cookie_header_counts(served):
    hit = b"GET /pix?two=cookies HTTP/1.1\r\nHost: x\r\nCookie: a=1\r\nCookie: pixel_optout=1\r\n\r\n"
    assert b"x-pixel-outcome: rejected:opted_out" in say(served.port, hit, LAST)


def test_a_fragment_is_no_part_of_the_query(served):
    say(served.port, b"GET /pix?fragment=one#two HTTP/1.1\r\nHost: x\r\n\r\n", LAST)
    assert served.event(params={"fragment": "one"})


def test_pipelined_hits_are_all_answered_and_stored(served):
    before = served.ledger()["accepted"]
    hits = b"".join(b"GET /pix?n=%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(50))
    answer = say(served.port, hits + LAST)
    assert answer.count(b"x-pixel-outcome: accepted") == 51
    assert served.ledger()["accepted"] - before == 51


def test_hits_and_pages_pipelined_come_back_in_order(served):
    page, hit = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /pix HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = say(served.port, hit + page + hit + page + LAST)
    kinds = [part.split(b"\r\n")[0] for part in answer.split(b"content-type: ")[1:]]
    assert kinds == [b"image/gif", b"application/json", b"image/gif", b"application/json", b"image/gif"]


def test_a_request_that_comes_byte_by_byte_is_one_hit(served):
    hit = b"GET /pix?slow=1 HTTP/1.1\r\nHost: x\r\nUser-Agent: slow\r\n\r\n"
    answer = say(served.port, *(bytes((byte,)) for byte in hit), LAST)
    assert answer.count(b"x-pixel-outcome: accepted") == 2
    assert served.event(params={"slow": "1"})["user_agent"] == "slow"


def test_a_connection_goes_on_after_a_body_that_nobody_reads(served):
    large = b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000
    hit = b"GET /pix HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = say(served.port, hit, large, hit, large, LAST)
    assert answer.count(b"GIF89a") == 3
    assert answer.count(b'"healthy": true') == 2


def test_http_1_0_and_head_are_answered(served):
    for old in (b"GET /pix HTTP/1.0\r\n\r\n", b"GET /pix HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"):
        assert say(served.port, old).endswith(b";")
    head = say(served.port, b"HEAD /pix HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert head.endswith(b"\r\n\r\n")
    assert b"content-length: 43" in head


def test_a_client_that_does_not_wait_loses_no_event(served):
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(b"GET /pix?gone=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert served.event(params={"gone": "1"})


def test_a_client_that_closes_its_half_gets_its_answer(served):
    assert b"accepted" in say(
        served.port, b"GET /pix HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", then_close=True
    )


def test_behind_a_proxy_there_is_no_live_page(tmp_path):
    with serving(tmp_path, PIXEL_CLIENT_IP="1") as pixel:
        for path in ("/live", "/live/events", "/LIVE/"):
            status, _, why = pixel.get(path)
            assert (status, b"PIXEL_CLIENT_IP=direct has it" in why) == (404, True)
        assert b"/live" not in pixel.get("/")[2]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
@pytest.mark.parametrize("path", ["/live", "/live/events"])
def test_live_hits_are_not_shown_through_a_proxy(served, header, path):
    assert served.get(path, {header: "x"})[0] == 403


def test_the_server_stops_when_asked_with_connections_and_a_live_page_open(tmp_path):
    with serving(tmp_path) as pixel:
        idle = socket.create_connection(("127.0.0.1", pixel.port), timeout=5)
        idle.sendall(b"GET /pix HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"accepted" in idle.recv(1000)
        page = socket.create_connection(("127.0.0.1", pixel.port), timeout=5)
        page.sendall(b"GET /live/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"text/event-stream" in page.recv(1000)
        pixel.process.send_signal(signal.SIGTERM)
        pixel.process.wait(8)
        assert "Traceback" not in pixel.said()
        idle.close()
        page.close()
