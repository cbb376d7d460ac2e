"""Processes that serve a registry: their address, their connections, and how they stop."""
