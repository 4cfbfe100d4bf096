from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.collect.client_ip import canonical, client_ip, network
from pixel.collect.request import Request


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4:65535", "1.2.3.4"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("[::ffff:1.2.3.4]:80", "1.2.3.4"),
        ("::1", "::1"),
        ("1.2.3.4:" + "1" * 60, None),  # no port is that long
        ("", None),
        ("unknown", None),
        ("1.2.3", None),
        ("01.2.3.4", None),
        ("1.2.3.4.5", None),
        ("256.1.1.1", None),
        ("1.2.3.4\0", None),
        ("1.2.3.4:x", None),
        ("fe80::1%eth0", None),
        ("é", None),
        ("[", None),
        (":::", None),
    ],
)
def test_an_address_is_read_or_it_is_none(text, address):
    assert canonical(text) == address


@given(st.ip_addresses())
def test_any_address_is_cut_to_its_network(address):
    whole = canonical(str(address))
    cut = ip_network(network(whole))
    assert cut.prefixlen == (24 if cut.version == 4 else 40 if whole.startswith("2002:") else 48)
    assert ip_address(whole) in cut


def test_a_6to4_network_does_not_tell_the_whole_v4_address_in_it():
    assert network("2002:cb00:7109::1") == "2002:cb00:7100::/40"


def request(peer="198.51.100.9", **headers):
    return Request("GET", "/pix", "", {name.replace("_", "-"): value for name, value in headers.items()}, 0.0, peer)


@pytest.mark.parametrize(
    ("preset", "forwarded", "address"),
    [
        ("functions", "203.0.113.7:1234", "203.0.113.7"),
        ("functions", "6.6.6.6, 203.0.113.7:1234", "203.0.113.7"),
        ("functions", "6.6.6.6,", None),
        ("functions", None, None),
        ("app_gateway", "6.6.6.6, 203.0.113.7:1, 10.0.0.4:2", "203.0.113.7"),
        ("app_gateway", "203.0.113.7:1", "203.0.113.7"),  # came past the gateway
        ("3", "6.6.6.6, 203.0.113.7, 10.0.0.4, 10.0.0.5", "203.0.113.7"),
        ("direct", "6.6.6.6", "198.51.100.9"),
    ],
)
def test_each_preset_reads_what_its_front_end_writes(preset, forwarded, address):
    headers = {} if forwarded is None else {"x_forwarded_for": forwarded}
    assert client_ip(preset)(request(**headers)) == address


@given(
    st.text(st.characters(max_codepoint=255), max_size=80), st.sampled_from(["functions", "app_gateway", "2", "3"])
)
def test_whatever_a_visitor_writes_the_proxies_decide(forged, preset):
    trusted = {"functions": 1, "app_gateway": 2}.get(preset) or int(preset)
    chain = ", ".join(["203.0.113.7:1", "10.0.0.4:2", "10.0.0.5:3"][:trusted])
    assert client_ip(preset)(request(x_forwarded_for=f"{forged}, {chain}")) == "203.0.113.7"


@pytest.mark.parametrize("header", ["x-azure-clientip", "x-azure-socketip", "x-client-ip", "x-real-ip", "forwarded"])
def test_headers_that_anyone_can_send_decide_nothing(header):
    hit = Request("GET", "/pix", "", {header: "6.6.6.6", "x-forwarded-for": "203.0.113.7"}, 0.0, "198.51.100.9")
    assert client_ip("functions")(hit) == client_ip("front_door", "ours")(hit) == "203.0.113.7"
    assert client_ip("direct")(hit) == "198.51.100.9"


def test_front_door_without_an_id_believes_no_front_door():
    hit = request(x_azure_fdid="", x_azure_socketip="6.6.6.6", x_forwarded_for="203.0.113.7")
    assert client_ip("front_door", "")(hit) == "203.0.113.7"
