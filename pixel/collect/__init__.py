"""A hit becomes an event: request, client_ip, query, consent, parse, enrich, redact, track, response. No Azure here."""
