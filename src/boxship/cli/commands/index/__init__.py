"""`boxship index`: indexes of images; a file for each action."""

from __future__ import annotations

__all__ = ["ACTIONS", "EXAMPLE", "SUMMARY"]

SUMMARY = "Indexes, which have an image for each platform: look into them, and make them."
EXAMPLE = "boxship index append -m reg.corp/app:amd64 -m reg.corp/app:arm64 -t reg.corp/app:1"

# Every action with what it does; the module has the same name.
ACTIONS = {
    "list": "list what stands in an index",
    "append": "add images to an index, or make one of them",
    "create": "make an index of images",
    "filter": "leave of an index what is for some platforms",
}
