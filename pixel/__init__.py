"""A tracking pixel you own. A map of the house, in the order an event walks through it.

function_app.py   Azure Functions: binds the tables of app.py; no logic
pixel/
  app.py          the composition root: settings, enrichers, sink, ledger -> endpoints and timers
  settings.py     every setting, read once, validated
  endpoints/      every way in and out over HTTP, one file each
  collect/        a hit becomes an event; read track.py first, it is the whole way on one page
    request.py    the hit as it was sent
    query.py      the raw query, taken apart
    client_ip.py  which address it came from, by what a visitor cannot write
    consent.py    what the visitor wants
    parse.py      Request -> Event, or Rejected
    enrich.py     enrichers are found and run, each contained; enricher.py says what one is
    edge.py       another way in: batches of Azure Front Door's log, whose records edge_log.py makes Requests
    enrich_again.py  the same over a stored event
    redact.py     what may not be stored goes, last
    response.py   the image
  event.py        the one record that every part reads or writes, and its schema
  outcome.py      accepted, rejected:<reason>, failed:<reason>
  ledger.py       counts them; ledger_store.py writes the counts down each minute, ledger_today.py sums them over instances,
                  metrics.py hands them to OpenTelemetry
  deliver/        an event becomes durable: sink.py is the seam, capture_file.py a folder of Avro, spill.py the way out
                  when no hub takes it, backlog.py what waits there, replay.py the way back, reemit.py for what
                  was captured; hub_sink.py sends to Event Hubs by event_hub.py, deliveries.py what is measured of it
  on_demand.py    reads in the background for those who ask
  store.py        files that outlive a process: store_folder.py, or store_blob.py over store_service.py
  capture.py      Event Hubs Capture's files, read and written; captured.py finds them, in a folder or in Blob
  reconcile.py    compares the ledger with them, number by number (number_set.py); reconciled.py is what it finds
  serve/          the same tables without Azure, and the live page
  simulate/       traffic made up from a seed; traffic.py mixes it
  verify/         known hits, and what must be captured of them
  capacity/       what it needs and costs at a rate of hits: plan.py joins functions, hubs, storage and edge
  commands/       `python -m pixel COMMAND`; terminal.py draws its tables and bars
enrichers/        one file a kind of knowledge
"""

from pathlib import Path

__version__ = "0.1.0"
_build = Path(__file__).with_name("build.txt")
__build__ = _build.read_text("utf-8").strip() if _build.exists() else ""
