"""From a host's name to a connection that works: names, addresses, schemes, TLS, and the race between them."""
