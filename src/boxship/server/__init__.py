"""A registry: an ASGI application that keeps blobs in files and names in SQLite, or in an object store and PostgreSQL.

`create_app` makes the application, as `Settings` say; `serve` runs it, as a `Plan` says, with granian (the extra
`server`).
"""

from __future__ import annotations

__all__ = ["Plan", "Settings", "create_app", "serve"]

from boxship.server.app import create_app
from boxship.server.plan import Plan
from boxship.server.registry import Settings
from boxship.server.running.serve import serve
