"""The operations of the distribution specification on one registry."""
