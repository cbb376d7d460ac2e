"""`boxship layout`: OCI layouts in folders; a file for each action."""

from __future__ import annotations

__all__ = ["ACTIONS", "EXAMPLE", "SUMMARY"]

SUMMARY = "OCI layouts, which are folders with images in them."
EXAMPLE = "boxship layout gc ./backup"

# Every action with what it does; the module has the same name.
ACTIONS = {"gc": "remove the blobs that nothing in a layout needs any more"}
