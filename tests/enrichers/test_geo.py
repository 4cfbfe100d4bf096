import importlib.util
import json
import os
import shutil
import threading
from ipaddress import ip_network

import geoip2.database
import pytest

from enrichers import _geo_database, geo
from enrichers._geo_clouds import CLOUDS
from enrichers._geo_countries import CONTINENT_OF, CONTINENTS
from enrichers._geo_networks import NETWORKS
from pixel.app import build
from tests.enrichers import geo_databases as made
from tests.events import an_event
from tests.front_door import captured, knock


@pytest.fixture(autouse=True)
def no_databases_of_this_machine(monkeypatch, tmp_path):
    monkeypatch.setattr(geo, "FOLDER", str(tmp_path / "default"))


def set_up(*paths):
    return geo.setup({"GEO_DATABASES": ",".join(map(str, paths))})


def told(enricher, ip):
    return enricher.enrich(an_event(ip=ip))


LONDON = {
    "country": "GB",
    "continent": "EU",
    "region": "England",
    "city": "London",
    "time_zone": "Europe/London",
    "asn": 20712,
    "as_org": "Andrews & Arnold Ltd",
}


@pytest.fixture
def all_kinds(tmp_path):
    return set_up(
        made.write_city(tmp_path / "city.mmdb"),
        made.write_asn(tmp_path / "asn.mmdb"),
        made.write_flat_country(tmp_path / "flat.mmdb"),
    )


@pytest.mark.parametrize(
    ("ip", "result"),
    [
        ("81.2.69.142", LONDON),
        ("2.125.160.216", {"country": "GB", "continent": "EU"}),
        ("2a02:cf40::1", {"country": "NO", "continent": "EU", "time_zone": "Europe/Oslo"}),
        ("1.2.3.4", {"country": "AU", "continent": "OC"}),
        ("52.4.5.6", {"asn": 16509, "as_org": "AMAZON-02", "datacentre": True}),
        ("9.9.9.9", None),
        ("8.8.8.8", None),
        ("2606:4700::1", None),
        (None, None),
        ("", None),
        ("1.2.3", None),
        ("01.2.3.4", None),
        ("1.2.3.4:80", None),
        ("\0", None),
        ("é" * 8000, None),
        (":" * 8000, None),
    ],
)
def test_an_address_is_told_as_far_as_a_database_knows_it(all_kinds, ip, result):
    assert told(all_kinds, ip) == result
    assert all_kinds.status()["problems"] == []


@pytest.mark.parametrize(
    ("forwarded", "result"),
    [
        ("1.2.3.4:52100", {"country": "AU", "continent": "OC"}),
        ("::ffff:1.2.3.4", {"country": "AU", "continent": "OC"}),
        ("[::ffff:1.2.3.4]:443", {"country": "AU", "continent": "OC"}),
        ("1.2.3", None),
        ("[2001:db8::1]:443", {"network": "documentation"}),
        ("[2a02:cf40::1]:443", {"country": "NO", "continent": "EU"}),
        ("2A02:CF40:0::1", {"country": "NO", "continent": "EU"}),
        ("81.2.69.142, 10.0.0.7", {"network": "private"}),
    ],
)
def test_an_address_comes_out_right_through_the_front_door(tmp_path, forwarded, result):
    database = made.write_flat_country(tmp_path / "flat.mmdb")
    app = pixel(tmp_path, database)
    assert knock(app, "/pix", [("X-Forwarded-For", forwarded)]).headers["x-pixel-outcome"] == "accepted"
    (event,) = captured(tmp_path / "capture")
    assert event.get("enrichments", {}).get("geo") == result
    assert "enrich_errors" not in event


def test_who_wants_privacy_keeps_country_and_continent(tmp_path):
    app = pixel(tmp_path, made.write_city(tmp_path / "city.mmdb"))
    knock(app, "/pix", [("X-Forwarded-For", "81.2.69.142"), ("DNT", "1")])
    (event,) = captured(tmp_path / "capture")
    assert event["enrichments"]["geo"] == {"country": "GB", "continent": "EU"}


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("10.255.255.255", "private"),
        ("172.16.0.1", "private"),
        ("172.32.0.1", None),
        ("192.168.1.1", "private"),
        ("fd00::1", "private"),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("169.254.169.254", "link_local"),
        ("fe80::1", "link_local"),
        ("100.64.0.1", "shared"),
        ("100.128.0.1", None),
        ("203.0.113.7", "documentation"),
        ("2001:db8:ffff::1", "documentation"),
        ("2001:db9::1", None),
        ("224.0.0.251", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "reserved"),
        ("255.255.255.255", "reserved"),
        ("198.19.0.1", "reserved"),
        ("::", "reserved"),
        ("100::1", "reserved"),
        ("4000::1", "reserved"),
        ("1.0.0.1", None),
        ("223.255.255.255", None),
        ("2606:4700::1111", None),
    ],
)
def test_an_address_that_is_not_of_the_internet_has_its_network_named(ip, network):
    assert told(set_up(), ip) == ({"network": network} if network else None)


@pytest.mark.parametrize(
    ("database_type", "record", "result"),
    [
        (
            "DBIP-City-Lite",
            made.city("CH", "EU", "Zürich", "Zurich", "Europe/Zurich"),
            {"country": "CH", "continent": "EU", "region": "Zurich", "city": "Zürich", "time_zone": "Europe/Zurich"},
        ),
        ("DBIP-Country-Lite", made.city("CH", "EU"), {"country": "CH", "continent": "EU"}),
        ("DBIP-ASN-Lite (compat=GeoLite2-ASN)", made.asn(3303, "Swisscom"), {"asn": 3303, "as_org": "Swisscom"}),
        ("asn", made.asn(3303, "Swisscom"), {"asn": 3303, "as_org": "Swisscom"}),
        ("GeoIP2-ISP", {**made.asn(3303, "Swisscom"), "isp": "Swisscom"}, {"asn": 3303, "as_org": "Swisscom"}),
        ("GeoIP2-Anonymous-IP", {"is_anonymous": True, "is_hosting_provider": True}, {"datacentre": True}),
        ("GeoIP2-Anonymous-IP", {"is_anonymous": True}, None),
        (
            "GeoIP2-Enterprise",
            made.city("US", "NA", traits={**made.asn(64500, "Some Host"), "user_type": "hosting"}),
            {"country": "US", "continent": "NA", "asn": 64500, "as_org": "Some Host", "datacentre": True},
        ),
        (
            "city",
            {"city": "Bern", "country_code": "CH", "state1": "Bern", "timezone": "Europe/Zurich", "latitude": 46.9},
            {"country": "CH", "continent": "EU", "region": "Bern", "city": "Bern", "time_zone": "Europe/Zurich"},
        ),
        ("country", {"country_code": "CH"}, {"country": "CH", "continent": "EU"}),
        ("country", {"country_code": ""}, None),
        ("country", {"country_code": "EU"}, None),
        ("country", {"country_code": "ch\n"}, None),
        ("GeoLite2-City", {"country": {}, "city": {"names": {"en": ""}}}, None),
        ("GeoLite2-City", {"registered_country": {"iso_code": "CH"}}, None),
        ("asn", {"autonomous_system_number": 0, "autonomous_system_organization": "x" * 9000}, {"as_org": "x" * 128}),
    ],
)
def test_each_schema_is_read_and_nothing_is_guessed(tmp_path, database_type, record, result):
    one = set_up(made.write(tmp_path / "x.mmdb", database_type, {"83.1.0.0/16": record}))
    assert one.status()["problems"] == []
    assert told(one, "83.1.2.3") == result


def test_the_first_database_that_knows_a_field_says_it_and_the_place_is_of_one_country(tmp_path):
    london = made.write_city(tmp_path / "city.mmdb")
    france = made.write_country(tmp_path / "country.mmdb", "FR")
    numbers = made.write_asn(tmp_path / "asn.mmdb")
    assert told(set_up(london, france, numbers), "81.2.69.1") == LONDON
    assert told(set_up(france, numbers, london), "81.2.69.1") == {
        "country": "FR",
        "continent": "EU",
        "asn": 20712,
        "as_org": "Andrews & Arnold Ltd",
    }


@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        ({"country_code": "FR"}, {"city": "London"}, {"country": "FR", "continent": "EU"}),
        ({"city": "Paris", "timezone": "Europe/Paris"}, {"country_code": "GB"}, {"country": "GB", "continent": "EU"}),
        (
            {"city": "Paris", **made.asn(3215, "Orange")},
            {"country_code": "GB", "city": "London"},
            {"country": "GB", "continent": "EU", "city": "London", "asn": 3215, "as_org": "Orange"},
        ),
    ],
)
def test_a_city_without_its_country_never_stands_beside_a_country_of_another(tmp_path, first, second, result):
    records = (
        {"83.1.0.0/16": record, "84.1.0.0/16": {"city": "x", "country_code": "CH"}} for record in (first, second)
    )
    one = set_up(*(made.write(tmp_path / f"{number}.mmdb", "city", each) for number, each in enumerate(records)))
    assert one.status()["problems"] == []
    assert told(one, "83.1.2.3") == result


def test_a_database_of_ipv4_is_not_asked_for_ipv6(tmp_path):
    path = made.write(tmp_path / "v4.mmdb", "country", {"1.2.3.0/24": {"country_code": "AU"}}, ip_version=4)
    one = set_up(path)
    assert (told(one, "1.2.3.4"), told(one, "2a02::1")) == ({"country": "AU", "continent": "OC"}, None)
    assert one.status()["problems"] == []


def test_a_cached_answer_is_the_same_object(all_kinds):
    assert told(all_kinds, "81.2.69.142") is told(all_kinds, "81.2.69.142")


def test_the_default_folder_works_without_a_setting_and_its_absence_is_no_problem(tmp_path):
    one = set_up()
    assert (told(one, "1.2.3.4"), one.status()["problems"]) == (None, [])
    (tmp_path / "default").mkdir()
    made.write_flat_country(tmp_path / "default/flat.mmdb")
    one.reload()
    assert told(one, "1.2.3.4") == {"country": "AU", "continent": "OC"}
    (tmp_path / "default/flat.mmdb").unlink()
    one.reload()
    assert (told(one, "1.2.3.4"), one.status()["problems"]) == (None, [])


def test_status_names_the_databases_and_counts_the_cache(all_kinds):
    told(all_kinds, "1.2.3.4")
    told(all_kinds, "1.2.3.4")
    status = all_kinds.status()
    assert [(each["file"], each["type"]) for each in status["databases"]] == [
        ("city.mmdb", "GeoLite2-City"),
        ("asn.mmdb", "GeoLite2-ASN"),
        ("flat.mmdb", "country"),
    ]
    assert all(each["built"].startswith("20") for each in status["databases"])
    assert status["cache"] == {"hits": 1, "misses": 1, "size": 1}


def pixel(tmp_path, *databases):
    return build(
        {
            "PIXEL_CAPTURE_DIR": str(tmp_path / "capture"),
            "PIXEL_ENRICHERS": "geo",
            "GEO_DATABASES": ",".join(map(str, databases)),
        }
    )


def cut_end(path):
    os.truncate(path, path.stat().st_size // 2)


def cut_middle(path):
    """As a copy that stopped and went on: the metadata at the end is there, the records are not."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 8] + data[-300:])


def blank_records(path):
    """As a file made long beforehand, whose middle did not come yet."""
    data = path.read_bytes()
    metadata = data.rindex(b"\xab\xcd\xefMaxMind.com")
    start = data.index(b"\0" * 16) + 16
    path.write_bytes(data[:start] + b"\xff" * (metadata - start) + data[metadata:])


BREAKAGES = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("<html>Not found</html>"),
    "truncated": cut_end,
    "hollow": cut_middle,
    "blank": blank_records,
    "a folder without one": lambda path: (path.unlink(), path.mkdir()),
    "of something else": lambda path: made.write(path, "Domains", {"0.0.0.0/1": {"domain": "example.com"}}),
    "of records that are none": lambda path: made.write(path, "GeoLite2-City", {"0.0.0.0/1": {"country": "GB"}}),
}


def dense(path):
    """A database that knows an address of every sample."""
    return made.write(
        path, "GeoLite2-City", {"0.0.0.0/1": made.city("GB", "EU"), "128.0.0.0/1": made.city("SE", "EU")}
    )


@pytest.mark.parametrize("breakage", BREAKAGES.values(), ids=BREAKAGES)
def test_a_broken_database_is_told_and_hits_keep_coming_with_what_the_others_know(tmp_path, breakage):
    broken = dense(tmp_path / "broken.mmdb")
    breakage(broken)
    app = pixel(tmp_path, broken, made.write_asn(tmp_path / "asn.mmdb"))
    assert knock(app, "/pix", [("X-Forwarded-For", "81.2.69.142")]).headers["x-pixel-outcome"] == "accepted"
    answer = knock(app, "/status")
    (problem,) = json.loads(answer.body)["problems"]
    assert answer.status == 503
    assert "broken.mmdb" in problem
    assert "pixel-geo-" not in problem
    (event,) = captured(tmp_path / "capture")
    assert event["enrichments"]["geo"] == {"asn": 20712, "as_org": "Andrews & Arnold Ltd"}
    assert "enrich_errors" not in event


@pytest.mark.parametrize("breakage", BREAKAGES.values(), ids=BREAKAGES)
def test_a_database_that_breaks_later_stays_in_use_as_it_was_until_it_is_whole(tmp_path, breakage):
    path = dense(tmp_path / "city.mmdb")
    one = set_up(path)
    breakage(path)
    assert told(one, "81.2.69.142") == {"country": "GB", "continent": "EU"}
    one.reload()
    assert told(one, "81.2.69.143") == {"country": "GB", "continent": "EU"}
    (problem,) = one.status()["problems"]
    assert "city.mmdb" in problem
    if path.is_dir():
        path.rmdir()
    made.write_country(path, "FR")
    one.reload()
    assert told(one, "81.2.69.142") == {"country": "FR", "continent": "EU"}
    assert one.status()["problems"] == []


def test_a_path_that_the_system_refuses_is_told_with_the_reason_and_costs_no_other(tmp_path):
    too_long = tmp_path / ("x" * 300)
    one = set_up(too_long, made.write_country(tmp_path / "country.mmdb", "GB"))
    assert one.status()["problems"] == [
        f"GEO_DATABASES: {too_long} cannot be read (File name too long); events come without it."
    ]
    assert told(one, "81.2.69.142") == {"country": "GB", "continent": "EU"}


def test_a_folder_that_the_system_refuses_later_leaves_what_was_read_in_use(tmp_path):
    (tmp_path / "share").mkdir()
    made.write_country(tmp_path / "share/country.mmdb", "GB")
    other = made.write_asn(tmp_path / "asn.mmdb")
    one = set_up(tmp_path / "share", other)
    (tmp_path / "share").rename(tmp_path / "away")
    (tmp_path / "share").symlink_to("x" * 300)
    made.write(other, "asn", {"81.0.0.0/8": made.asn(3303, "Swisscom")})
    one.reload()
    assert told(one, "81.2.69.142") == {"country": "GB", "continent": "EU", "asn": 3303, "as_org": "Swisscom"}
    [problem] = one.status()["problems"]
    assert "cannot be read (File name too long); what was read before stays in use." in problem
    (tmp_path / "share").unlink()
    (tmp_path / "away").rename(tmp_path / "share")
    one.reload()
    assert one.status()["problems"] == []


def test_damage_that_only_a_lookup_meets_costs_that_answer_and_is_told_without_the_address(tmp_path):
    records = {"82.7.7.7/32": {"country": "GB"}, "1.0.0.0/8": made.city("AU", "OC")}
    one = set_up(made.write(tmp_path / "odd.mmdb", "GeoLite2-Country", records), made.write_asn(tmp_path / "a.mmdb"))
    assert told(one, "1.2.3.4") == {"country": "AU", "continent": "OC"}
    assert one.status()["problems"] == []
    assert told(one, "82.7.7.7") is None
    (problem,) = one.status()["problems"]
    assert "odd.mmdb is damaged" in problem
    assert "82.7" not in problem


def overwrite(new, path):
    shutil.copyfile(new, path)


@pytest.mark.parametrize("replace", [os.replace, overwrite], ids=["renamed", "overwritten in place"])
def test_a_database_is_replaced_while_a_thousand_requests_fly(tmp_path, replace):
    path = made.write_country(tmp_path / "country.mmdb", "GB")
    app = pixel(tmp_path, path)
    (enricher,) = app.enrichers.running
    new = made.write_country(tmp_path / "new", "FR")
    begun, swapped, errors = threading.Event(), threading.Event(), []

    def swap():
        begun.wait()
        replace(new, path)
        enricher.reload()
        swapped.set()

    def look_up():
        begun.wait()
        number = 0
        while not swapped.is_set():
            try:
                assert (
                    enricher.enrich(an_event(ip=f"81.1.{number // 250 % 250}.{number % 250}"))["country"] in "GB FR"
                )
            except Exception as error:
                errors.append(error)
                return
            number += 1

    threads = [threading.Thread(target=run) for run in (swap, look_up, look_up)]
    for thread in threads:
        thread.start()
    for number in range(1000):
        if number == 300:
            begun.set()
        if number == 900:
            swapped.wait(30)
        answer = knock(app, "/pix", [("X-Forwarded-For", f"81.0.{number // 250}.{number % 250}")])
        assert answer.headers["x-pixel-outcome"] == "accepted"
    for thread in threads:
        thread.join()
    assert errors == []
    events = captured(tmp_path / "capture")
    countries = [event["enrichments"]["geo"]["country"] for event in events]
    assert len(countries) == 1000
    assert countries == sorted(countries, reverse=True), "first GB only, then FR only"
    assert (set(countries[:300]), set(countries[900:])) == ({"GB"}, {"FR"})
    assert not any("enrich_errors" in event for event in events)
    assert enricher.enrich(an_event(ip="81.0.0.1")) == {"country": "FR", "continent": "EU"}
    assert json.loads(knock(app, "/status").body)["problems"] == []


def test_what_did_not_change_keeps_its_cache_and_is_not_read_again(all_kinds, monkeypatch):
    first = told(all_kinds, "81.2.69.142")
    monkeypatch.setattr(_geo_database, "open_database", None)
    all_kinds.reload()
    assert told(all_kinds, "81.2.69.142") is first


def test_no_copy_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "copies"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "copies").mkdir()
    one = set_up(made.write_city(tmp_path / "city.mmdb"))
    assert told(one, "81.2.69.142")["city"] == "London"
    assert list((tmp_path / "copies").iterdir()) == []


def test_the_reader_in_c_is_what_runs():
    assert importlib.util.find_spec("maxminddb.extension"), "without it a lookup costs ten times as much"


def test_the_tables_hold_together():
    networks = [ip_network(text) for row in NETWORKS.values() for text in row.split()]
    assert [
        (a, b) for a in networks for b in networks if a is not b and a.version == b.version and a.overlaps(b)
    ] == []
    assert len(CONTINENT_OF) == sum(len(row.split()) for row in CONTINENTS.values()) == 250
    assert all(0 < number < 64496 or number > 131071 for number in CLOUDS), "private numbers are nobody's"


def test_a_hit_reads_of_a_city_what_geoip2_does(tmp_path):
    path = made.write_city(tmp_path / "city.mmdb")
    read = set_up(path)
    with geoip2.database.Reader(str(path)) as reader:
        for ip in ("81.2.69.160", "89.160.20.1", "2.125.160.216", "2a02:cf40::1"):
            model = reader.city(ip)
            expected = {
                "country": model.country.iso_code,
                "continent": model.continent.code,
                "region": model.subdivisions[0].name if model.subdivisions else None,
                "city": model.city.name,
                "time_zone": model.location.time_zone,
            }
            assert read.enrich(an_event(ip=ip)) == {name: value for name, value in expected.items() if value}
