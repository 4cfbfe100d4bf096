"""Small geo databases, written as MaxMind, DB-IP and ip-location-db write theirs. All addresses are made up to fit."""

from mmdb_writer import MMDBWriter
from netaddr import IPSet


def write(path, database_type, records, *, ip_version=6):
    """Write a database of records by network; return the path."""
    writer = MMDBWriter(
        ip_version, database_type, ipv4_compatible=ip_version == 6, languages=["en"], description="made by a test"
    )
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return path


def city(country, continent, name=None, region=None, zone=None, **more):
    """A record as GeoLite2-City has it."""
    record = {
        "country": {"iso_code": country, "geoname_id": 1, "names": {"en": "Some Country"}},
        "continent": {"code": continent, "names": {"en": "Some Continent"}},
        "location": {"latitude": 51.75, "longitude": -1.25, "accuracy_radius": 100},
        **more,
    }
    if name:
        record["city"] = {"geoname_id": 2, "names": {"en": name, "de": f"{name}stadt"}}
    if region:
        record["subdivisions"] = [{"iso_code": "X", "names": {"en": region}}, {"names": {"en": "Some District"}}]
    if zone:
        record["location"]["time_zone"] = zone
    return record


def asn(number, name):
    return {"autonomous_system_number": number, "autonomous_system_organization": name}


def write_city(path):
    return write(
        path,
        "GeoLite2-City",
        {
            "81.2.69.0/24": city("GB", "EU", "London", "England", "Europe/London"),
            "89.160.20.0/24": city("SE", "EU", "Linköping", "Östergötland County", "Europe/Stockholm"),
            "2.125.160.0/24": city("GB", "EU"),
            "2a02:cf40::/29": city("NO", "EU", zone="Europe/Oslo"),
        },
    )


def write_country(path, country="GB"):
    """As GeoLite2-Country has it: all of 81.0.0.0/8 in this country."""
    return write(path, "GeoLite2-Country", {"81.0.0.0/8": city(country, "EU")})


def write_asn(path):
    return write(
        path,
        "GeoLite2-ASN",
        {"81.2.69.0/24": asn(20712, "Andrews & Arnold Ltd"), "52.0.0.0/11": asn(16509, "AMAZON-02")},
    )


def write_flat_country(path, country="GB"):
    """As @ip-location-db/geo-whois-asn-country-mmdb has it: its type is `country`, its records are flat."""
    return write(
        path,
        "country",
        {
            "81.0.0.0/8": {"country_code": country},
            "1.2.3.0/24": {"country_code": "AU"},
            "2a02:cf40::/29": {"country_code": "NO"},
            "203.0.113.0/24": {"country_code": "AU"},
            "2001:db8::/32": {"country_code": "JP"},
            "9.9.9.0/24": {"country_code": "ZZ"},
        },
    )
