"""A registry: an ASGI application that keeps blobs in files and names in SQLite.

`create_app` makes the application; `serve` runs it with granian (the extra `server`).
"""

from __future__ import annotations

__all__ = ["create_app", "serve"]

from boxship.server.app import create_app
from boxship.server.serve import serve
