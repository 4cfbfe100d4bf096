"""A city database of made-up places in MaxMind's schema, big enough for lookups to cost what they cost."""

import random
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from mmdb_writer import MMDBWriter
from netaddr import IPSet

SEED: Final = 4
NETWORKS: Final = 8000

_COUNTRIES: Final = ("US", "DE", "GB", "FR", "CH", "IN", "BR", "JP", "SE", "ES", "IT", "NL", "PL", "ZA", "AU", "CA")


def write(path: Path) -> None:
    """Write the database: `NETWORKS` networks of IPv4 and IPv6, each with a record as GeoLite2-City has them."""
    chance = random.Random(SEED)
    writer = MMDBWriter(6, "GeoLite2-City", ipv4_compatible=True, languages=["en"], description="made up")
    for number in range(NETWORKS):
        country = chance.choice(_COUNTRIES)
        record = {
            "city": {"geoname_id": number, "names": {"en": f"City {number}", "de": f"Stadt {number}"}},
            "continent": {"code": "EU", "geoname_id": 1, "names": {"en": "Europe", "de": "Europa"}},
            "country": {"iso_code": country, "geoname_id": 2, "names": {"en": f"Country {country}"}},
            "location": {"latitude": 47.1, "longitude": 8.2, "accuracy_radius": 50, "time_zone": "Europe/Zurich"},
            "subdivisions": [{"iso_code": "X", "geoname_id": 3, "names": {"en": f"Region {number % 97}"}}],
        }
        # All of the space in /11 and /15, so that most addresses are found; the rest is finer.
        if number < 2048:
            network = f"{ip_network((number << 21, 11))}"
        elif number < 4096:
            network = f"{ip_network(((0x2000 << 112) | ((number - 2048) << 113), 15))}"
        else:
            network = str(ip_network((chance.getrandbits(32) & ~0x3FFF, 18)))
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
