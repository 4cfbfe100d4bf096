"""One geo database: opened from a copy of our own, tried out, and read as our fields.

MaxMind's schema (GeoLite2, GeoIP2, DB-IP: https://dev.maxmind.com/geoip/docs/databases) is what geoip2 reads, so geoip2
tries each such file when it is opened. A hit reads the same records without geoip2's models, which cost it 20 us more;
a test compares both. Flat records are those of @ip-location-db (https://github.com/sapics/ip-location-db).
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import geoip2.database
import maxminddb
from geoip2.errors import AddressNotFoundError

from enrichers._geo_countries import CONTINENT_OF

Found = dict[str, Any]
Stamp = tuple[int, int, int]

TEXT_LIMIT: Final = 128
NOTHING: Final[Mapping[str, Any]] = {}
TRIED: Final = 100
CONTINENTS: Final = frozenset(CONTINENT_OF.values())
# What the readers raise on bytes that are no record, or not the record that the schema promises.
FAULTS: Final = (
    maxminddb.InvalidDatabaseError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    MemoryError,
    RecursionError,
    SystemError,
)


class UnreadableError(Exception):
    """A file is no database that we can use; says why, in words for `/status`."""


class Database:
    """An open database. Nobody closes it: the last lookup that uses it does, by letting go."""

    def __init__(self, stamp: Stamp, metadata: Any, read: Callable[[str], Found]) -> None:
        self.stamp = stamp
        self.type: str = metadata.database_type
        self.built = datetime.fromtimestamp(metadata.build_epoch, UTC).date().isoformat()
        self.failed: str | None = None
        self._read = read
        self._only_ipv4 = metadata.ip_version == 4

    def find(self, ip: str) -> Found:
        """Return the fields that it knows of an address. A fault is kept in `failed`, and costs this answer only."""
        try:
            return self.find_or_raise(ip)
        except FAULTS as fault:
            self.failed = type(fault).__name__  # its message has the visitor's address
            return {}

    def find_or_raise(self, ip: str) -> Found:
        """Do as `find`, and raise one of `FAULTS` on damaged data."""
        return {} if self._only_ipv4 and ":" in ip else _known(self._read(ip))


def stamp(status: os.stat_result) -> Stamp:
    """Return what changes when a file is replaced or written to."""
    return status.st_mtime_ns, status.st_size, status.st_ino


def open_database(path: Path) -> Database:
    """Open a database and try it out; raises `UnreadableError` or OSError.

    The C reader maps the file into memory: should somebody cut that file short (`cp new.mmdb old.mmdb` does), the
    next lookup would kill the process (SIGBUS). So it maps a copy that has no name any more, and nobody can reach.
    """
    with tempfile.NamedTemporaryFile(prefix="pixel-geo-", suffix=".mmdb") as copy:
        with path.open("rb") as file:
            before = stamp(os.fstat(file.fileno()))
            shutil.copyfileobj(file, copy, 1 << 20)
        copy.flush()
        if stamp(path.stat()) != before:
            raise UnreadableError("it is being written to")
        try:
            first = _try_out(maxminddb.open_database(copy.name, maxminddb.MODE_MMAP))
            raw = maxminddb.open_database(copy.name)
            database = Database(before, raw.metadata(), _reader(raw, first, copy.name))
            for ip in _samples(raw.metadata().ip_version):
                database.find_or_raise(ip)
        except FAULTS as fault:
            why = str(fault).replace(copy.name, "the file")
            raise UnreadableError(f"{type(fault).__name__}: {why}") from fault
    return database


def _try_out(python: maxminddb.Reader) -> Any:
    """Read records from the beginning and from all over; return the first, or raise one of `FAULTS`.

    With the reader in pure Python: of 3,000 damaged files the one in C ended the process (SIGSEGV, SIGABRT) on 25.
    """
    records = [record for _, record in islice(python, TRIED)]
    for ip in _samples(python.metadata().ip_version):
        python.get(ip)
    return records[0] if records else None


def _samples(ip_version: int) -> Iterator[str]:
    """Give addresses from all over the space that is in use."""
    for block in range(1, 224):
        yield f"{block}.{block * 37 % 256}.{block * 91 % 256}.1"
    if ip_version == 6:
        for block in range(0x2400, 0x2E00, 0x10):
            yield f"{block:x}:{block * 37 % 0x1000:x}::1"


def _reader(raw: maxminddb.Reader, first: Any, path: str) -> Callable[[str], Found]:
    """Return the function that reads a record, by what the first record and the type look like."""
    database_type = raw.metadata().database_type
    if isinstance(first, Mapping) and ("country_code" in first or isinstance(first.get("city"), str)):
        return lambda ip: _flat(raw.get(ip) or {})
    for kind, method, read in KINDS:
        if kind in database_type:
            _try_with_geoip2(path, method, raw.metadata().ip_version)
            return partial(_record, raw.get, read)
    if isinstance(first, Mapping) and "autonomous_system_number" in first:
        return partial(_record, raw.get, _asn)
    raise ValueError(f"there are no countries, cities or networks in it that we can read (type {database_type!r})")


def _try_with_geoip2(path: str, method: str, ip_version: int) -> None:
    with geoip2.database.Reader(path) as reader:
        for ip in _samples(ip_version):
            with suppress(AddressNotFoundError):
                getattr(reader, method)(ip)


def _record(get: Callable[[str], Any], read: Callable[[Any], Found], ip: str) -> Found:
    record = get(ip)
    return {} if record is None else read(record)


def _flat(record: Any) -> Found:
    return {
        "country": record.get("country_code"),
        "region": record.get("state1"),
        "city": record.get("city"),
        "time_zone": record.get("timezone"),
        **_asn(record),
    }


def _country(record: Any) -> Found:
    return {
        "country": record.get("country", NOTHING).get("iso_code"),
        "continent": record.get("continent", NOTHING).get("code"),
    }


def _city(record: Any) -> Found:
    regions = record.get("subdivisions")
    return {
        **_country(record),
        "region": regions[0].get("names", NOTHING).get("en") if regions else None,
        "city": record.get("city", NOTHING).get("names", NOTHING).get("en"),
        "time_zone": record.get("location", NOTHING).get("time_zone"),
    }


def _enterprise(record: Any) -> Found:
    traits = record.get("traits", NOTHING)
    return {**_city(record), **_asn(traits), "datacentre": traits.get("user_type") == "hosting"}


def _asn(record: Any) -> Found:
    return {
        "asn": record.get("autonomous_system_number"),
        "as_org": record.get("autonomous_system_organization"),
    }


def _anonymous(record: Any) -> Found:
    return {"datacentre": record.get("is_hosting_provider")}


KINDS: Final[tuple[tuple[str, str, Callable[[Any], Found]], ...]] = (
    ("Enterprise", "enterprise", _enterprise),
    ("City", "city", _city),
    ("Country", "country", _country),
    ("GeoLite2-ASN", "asn", _asn),
    ("GeoIP2-ISP", "isp", _asn),
    ("GeoIP2-Anonymous-IP", "anonymous_ip", _anonymous),
)
"""What stands in the database's type, the method of geoip2 that tries it, and what we take from a record."""


def _known(found: Found) -> Found:
    """Keep what is known: no empty text, no code that is no country, no network 0."""
    known: Found = {}
    for name, value in found.items():
        if name == "country":
            good = value in CONTINENT_OF
        elif name == "continent":
            good = value in CONTINENTS
        elif name == "asn":
            good = type(value) is int and 0 < value < 1 << 32
        elif name == "datacentre":
            good = value is True
        else:
            good = isinstance(value, str) and value != ""
            value = value[:TEXT_LIMIT] if good else value
        if good:
            known[name] = value
    return known
