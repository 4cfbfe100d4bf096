"""The simulated traffic: the same for a seed, of the mix that is documented, and true to its labels."""

import hashlib
from collections import Counter
from itertools import pairwise

import pytest

from pixel.collect.client_ip import client_ip
from pixel.collect.parse import parse
from pixel.outcome import Rejected
from pixel.settings import read_settings
from pixel.simulate.ndjson import decode, encode
from pixel.simulate.traffic import KINDS, PER_DAY, SHARES, START, traffic

COUNT = 20_000
DIGEST = "1e99de4551b62d57"
AGENTS = {
    "web": {"browser", "app", "tv", "console"},
    "mail": {"browser", "app", "tv", "console", "mail_program", "mail_proxy", "privacy_prefetch", "link_scanner"},
    "bot": {"search", "ai", "monitor", "preview", "library", "scanner"},
    "feed": {"system"},
    "hostile": {"scanner"},
    "duplicate": {"browser", "app", "tv", "console", "system"},
}


@pytest.fixture(scope="module")
def hits():
    return list(traffic(count=COUNT))


@pytest.fixture(scope="module")
def taken(hits):
    """Each hit with what the real pipeline makes of it."""
    settings = read_settings({})
    address = client_ip(settings.client_ip)
    return [(hit, parse(hit.request, "pixel", settings, address)) for hit in hits]


def digest(lines):
    whole = hashlib.sha256()
    for line in lines:
        whole.update(line)
    return whole.hexdigest()[:16]


def test_a_seed_gives_the_same_traffic_on_every_python_until_we_change_it_on_purpose(hits):
    assert digest(map(encode, hits[:5000])) == DIGEST


def test_a_shorter_run_is_the_beginning_of_a_longer_one_and_another_seed_is_other_traffic(hits):
    assert [encode(hit) for hit in traffic(count=300)] == [encode(hit) for hit in hits[:300]]
    assert encode(next(traffic(seed=1))) != encode(hits[0])


def test_hits_come_in_the_order_of_time_and_at_the_documented_pace(hits):
    times = [hit.request.received_at for hit in hits]
    assert times[0] >= START
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert (times[-1] - START) / 86_400 == pytest.approx(COUNT / PER_DAY, rel=0.15)


def test_nights_are_quiet_and_evenings_busy(hits):
    hours = Counter(int(hit.request.received_at % 86_400) // 3600 for hit in hits)
    assert sum(hours[hour] for hour in (1, 2, 3, 4)) * 4 < sum(hours[hour] for hour in (17, 18, 19, 20))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_share_and_its_agents(hits, kind):
    of_kind = [hit for hit in hits if hit.kind == kind]
    assert len(of_kind) / COUNT == pytest.approx(SHARES[kind], rel=0.15, abs=0.004)
    assert {hit.agent for hit in of_kind} <= AGENTS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_only_one_kind_is_given_when_only_one_is_wanted(kind):
    assert {hit.kind for hit in traffic(count=200, only=(kind,))} == {kind}


def test_the_pipeline_says_to_each_hit_what_its_label_implies(taken):
    said = [f"rejected:{event.reason}" if isinstance(event, Rejected) else "accepted" for _, event in taken]
    assert [hit for (hit, _), outcome in zip(taken, said, strict=True) if hit.outcome != outcome] == []
    assert {hit.outcome for hit, _ in taken} >= {"accepted", "rejected:opted_out", "rejected:too_old"}


def test_every_hit_has_an_address_and_what_can_be_noticed_is_noticed(taken):
    events = [event for _, event in taken if not isinstance(event, Rejected)]
    assert all(event.ip == hit.request.peer for hit, event in taken if not isinstance(event, Rejected))
    flags = Counter(flag for event in events for flag in event.flags)
    assert set(flags) >= {"amp_repaired", "anonymised", "dnt", "gpc", "invalid_utf8", "late", "prefetch", "repeated"}


def test_what_a_request_holds_fits_what_request_promises(hits):
    for hit in hits:
        hit.request.query.encode("latin-1")
        for name, value in hit.request.headers.items():
            assert name == name.lower()
            assert value.encode("latin-1").strip() == value.encode("latin-1")
            assert "\n" not in value


def test_there_are_thousands_of_addresses_and_of_user_agents_a_few_of_them_common(hits):
    agents = Counter(hit.request.headers.get("user-agent") for hit in hits)
    assert len(agents) > 1000
    assert sum(times for _, times in agents.most_common(20)) > COUNT / 5
    addresses = {hit.request.peer for hit in hits}
    assert len(addresses) > 5000
    assert 0.2 < sum(":" in address for address in addresses) / len(addresses) < 0.5


def test_people_prefer_two_product_groups_and_buy_less_than_they_view(taken):
    viewed = Counter()
    activities = Counter()
    for hit, event in taken:
        if hit.kind == "web" and not isinstance(event, Rejected) and event.product:
            activities[event.activity] += 1
            viewed[hit.customer, int(event.product[1:]) % 12] += 1
    assert activities["product_view"] > 3 * activities["add_to_cart"] > 3 * activities["purchase"] > 0
    favourite = Counter()
    for (customer, _), times in viewed.items():
        favourite[customer] = max(favourite[customer], times)
    eager = {customer for customer in favourite if sum(viewed[customer, group] for group in range(12)) >= 8}
    shares = [favourite[customer] / sum(viewed[customer, group] for group in range(12)) for customer in eager]
    assert sum(shares) / len(shares) > 0.4


def test_a_duplicate_repeats_the_query_of_an_earlier_hit():
    seen = set()
    for hit in traffic(count=COUNT, only=("web", "feed", "duplicate")):
        if hit.kind == "duplicate":
            assert hit.request.query in seen
        else:
            seen.add(hit.request.query)


def test_a_mailing_is_scanned_within_seconds_and_apple_says_mozilla_only():
    sent_at = {}
    for hit in traffic(count=3000, only=("mail",)):
        if hit.request.token:
            sent_at.setdefault((hit.session, hit.customer), hit.request.token.issued_at)
            if hit.agent == "link_scanner":
                assert hit.request.received_at - hit.request.token.issued_at < 15
        if hit.agent == "privacy_prefetch":
            assert hit.request.headers["user-agent"] == "Mozilla/5.0"
            assert not hit.human
    assert sent_at


def test_a_line_of_json_brings_back_the_hit(hits):
    assert [decode(encode(hit)) for hit in hits[:2000]] == hits[:2000]


@pytest.mark.parametrize(("customers", "products"), [(1, 1), (2, 5), (100_000, 10_000)])
def test_few_or_many_customers_and_products_will_do(customers, products):
    assert len(list(traffic(count=500, customers=customers, products=products))) == 500
