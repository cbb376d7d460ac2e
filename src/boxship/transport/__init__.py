"""Requests over connections: framing, pooling, redirects, retries, and the one road that all of them take."""
