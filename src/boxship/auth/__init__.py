"""Credentials and tokens: which one a host's challenge is answered with, and where it comes from."""
