"""`boxship edit`: documents edited by hand; a file for each action."""

from __future__ import annotations

__all__ = ["ACTIONS", "EXAMPLE", "SUMMARY"]

SUMMARY = "Edit an image's documents and files in $EDITOR, or replace them with what standard input has."
EXAMPLE = "boxship edit config reg.corp/app:1"

# Every action with what it does; the module has the same name.
ACTIONS = {
    "config": "edit an image's configuration",
    "manifest": "edit a manifest or an index",
    "fs": "edit a file of an image",
}
