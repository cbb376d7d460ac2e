"""`make soak`: mixed traffic with faults against registry and client, for an hour."""
