"""Where an address is and whose network it is in, from MaxMind-schema and @ip-location-db databases.

`GEO_DATABASES` lists .mmdb files and folders of them; empty, it is `data/geo`, where `make geo` puts one. Result:
`country`, `continent`, `region`, `city`, `time_zone`, `asn`, `as_org`, `datacentre`, as far as a database knows them, or
`network` alone for an address that is not of the internet.
"""

import stat
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING, Any, Final

from enrichers._geo_clouds import CLOUDS
from enrichers._geo_countries import CONTINENT_OF
from enrichers._geo_networks import special_network
from pixel.event import Event

if TYPE_CHECKING:
    from enrichers._geo_database import Database

CACHED: Final = 20_000
ROOT: Final = Path(__file__).parent.parent
FOLDER: Final = "data/geo"
FIELDS: Final = ("country", "continent", "region", "city", "time_zone", "asn", "as_org", "datacentre")
PLACE: Final = frozenset(FIELDS[:5])

Find = Callable[[str], dict[str, Any] | None]

# A country has thousands of people at least; a city, a region's time zone or a small network may have one.
anonymous = ("country", "continent")


def setup(env: Mapping[str, str]) -> "Geo":
    """Open the databases. One that cannot be read is told by `status`, and the others work."""
    listed = [item.strip() for item in env.get("GEO_DATABASES", "").split(",")]
    return Geo(tuple(filter(None, listed)))


class Geo:
    """Looks addresses up in a set of databases that can be exchanged while it does."""

    def __init__(self, listed: Sequence[str]) -> None:
        self._listed = listed
        self._databases: dict[Path, Database] = {}
        self._problems: list[str] = []
        self._find = _cached(())
        self.reload()

    def enrich(self, event: Event) -> dict[str, Any] | None:
        """Return what is known of the event's address: the same object each time, until the next database."""
        ip = event.ip
        return None if ip is None else self._find(ip)

    def reload(self) -> None:
        """Take what was replaced, added or removed since; what cannot be read leaves the one before in use."""
        problems: list[str] = []
        databases: dict[Path, Database] = {}
        for item in self._listed or (FOLDER,):
            where = ROOT / item
            before = {path: old for path, old in self._databases.items() if where in (path, *path.parents)}
            paths: list[Path] = []
            try:
                paths = _files(where)
                if not paths and self._listed:
                    problems.append(f"GEO_DATABASES: there is no .mmdb file at {item}; {_so(before)}.")
                    databases |= before
            except OSError as fault:  # a share that went away, a folder of somebody else's
                problems.append(f"GEO_DATABASES: {item} cannot be read ({_why(fault)}); {_so(before)}.")
                databases |= before
            for path in paths:
                database = self._open(path, item, problems)
                if database is not None:
                    databases[path] = database
        if list(databases.items()) != list(self._databases.items()):
            # One assignment: a lookup in flight ends with the databases and the cache that it began with.
            self._find = _cached(tuple(databases.values()))
        self._databases, self._problems = databases, problems

    def _open(self, path: Path, item: str, problems: list[str]) -> "Database | None":
        # Costs 30 ms of CPU to import, which a pixel without databases need not pay.
        from enrichers._geo_database import UnreadableError, open_database, stamp

        before = self._databases.get(path)
        try:
            if before is not None and stamp(path.stat()) == before.stamp:
                return before
            return open_database(path)
        except (OSError, UnreadableError) as fault:
            why = _why(fault) if isinstance(fault, OSError) else fault
            shown = item if path == ROOT / item else f"{item.rstrip('/')}/{path.name}"
            problems.append(f"GEO_DATABASES: {shown} cannot be read ({why}); {_so(before)}.")
            return before

    def status(self) -> dict[str, Any]:
        """Return which databases are in use, how the cache does, and what is wrong with a file."""
        databases = list(self._databases.items())
        cache = self._find.cache_info()
        return {
            "databases": [{"file": path.name, "type": each.type, "built": each.built} for path, each in databases],
            "cache": {"hits": cache.hits, "misses": cache.misses, "size": cache.currsize},
            "problems": [
                *self._problems,
                *(
                    f"GEO_DATABASES: {path.name} is damaged: a lookup in it failed ({each.failed})."
                    for path, each in databases
                    if each.failed
                ),
            ],
        }


def _files(where: Path) -> list[Path]:
    """Return the databases at a path: itself, or those of the folder, by name; none if nothing is there."""
    try:
        mode = where.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return []
    if stat.S_ISREG(mode):
        return [where]
    return sorted(path for path in where.iterdir() if path.suffix == ".mmdb") if stat.S_ISDIR(mode) else []


def _why(fault: OSError) -> str:
    return fault.strerror or type(fault).__name__


def _so(before: object) -> str:
    return "what was read before stays in use" if before else "events come without it"


def _cached(databases: "tuple[Database, ...]") -> Any:
    return lru_cache(maxsize=CACHED)(partial(_look_up, databases))


def _look_up(databases: "tuple[Database, ...]", ip: str) -> dict[str, Any] | None:
    """Ask each database in turn. The first that knows a field says it, and all that tells the place must agree."""
    try:
        # The C reader takes `1.2.3` for an address, which it is not.
        packed = inet_pton(AF_INET6 if ":" in ip else AF_INET, ip)
    except (OSError, ValueError):
        return None
    network = special_network(packed)
    if network is not None:
        return {"network": network}  # some databases have a country for these; it is none
    found: dict[str, Any] = {}
    for database in databases:
        part = database.find(ip)
        if found.get("country") not in (None, part.get("country")):
            part = _without_place(part)
        elif "country" in part and "country" not in found:
            found = _without_place(found)  # a city or a continent alone: nothing says that it is in this country
        found = part | found
    if "country" in found and "continent" not in found:
        found["continent"] = CONTINENT_OF[found["country"]]
    if found.get("asn") in CLOUDS:
        found["datacentre"] = True
    return {name: found[name] for name in FIELDS if name in found} or None


def _without_place(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in PLACE}
