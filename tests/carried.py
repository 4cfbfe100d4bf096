"""Run by tests/test_package.py in a Python that has nothing but its standard library and the unpacked package.

    python3.13 -I -S tests/carried.py FOLDER

Prints as JSON what the worker library found and answered, and which modules came from neither of the two.
"""

import asyncio
import importlib
import importlib.util
import json
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).parent

LATER = ("aiohttp", "azure.eventhub.aio", "azure.identity.aio", "azure.storage.blob.aio", "fastavro", "geoip2.database", "maxminddb.extension")  # fmt: skip
"""What the pixel imports when it first needs it."""


def foreign(folder):
    """Return the modules that are neither the standard library's nor the package's."""
    ours = [Path(folder), Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("platstdlib")), HERE / "carried.py", HERE / "worker.py"]  # fmt: skip
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    site = Path(sysconfig.get_path("purelib"))
    return sorted(
        name
        for name, file in files.items()
        if file
        and (
            not any(Path(file).resolve().is_relative_to(each.resolve()) for each in ours)
            or site in Path(file).parents
        )
    )


async def main(folder):
    """Index the app as the worker does, and send one hit."""
    sys.path.insert(0, str(Path(folder, ".python_packages/lib/site-packages")))
    spec = importlib.util.spec_from_file_location("worker", HERE / "worker.py")
    worker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worker)
    async with worker.RuntimeApp(folder) as app:
        answer = await app.request(
            "GET", "/pix?customerId=1&eventId=carried", headers=[("User-Agent", "Mozilla/5.0")]
        )
        status = await app.request("GET", "/status")
    for name in LATER:
        importlib.import_module(name)
    told = {
        "functions": sorted(app.functions),
        "answer": [answer.status, answer.body.hex(), answer.headers.get("X-Pixel-Outcome")],
        "status": json.loads(status.body),
        "foreign": foreign(folder),
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
