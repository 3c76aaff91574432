"""Load generators with a protocol of their own. One file a generator; wrk, which asks for pages, stands in models/clients.py."""
