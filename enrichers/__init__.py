"""One file a kind of knowledge. Put a file here and it runs; its name is the enricher's. Guide: docs/enrichers.md."""
