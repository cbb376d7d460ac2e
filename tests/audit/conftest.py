"""An authority that nobody trusts, for registries over TLS."""

from __future__ import annotations

from tests.transport.conftest import authority

__all__ = ["authority"]
