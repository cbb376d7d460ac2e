"""`boxship registry`: running a registry, and looking after its folder; a file for each action."""

from __future__ import annotations

__all__ = ["ACTIONS", "EXAMPLE", "SUMMARY"]

SUMMARY = "Run a registry: one folder, no set-up."
EXAMPLE = "boxship registry serve --address 127.0.0.1:5000 --disk ./registry"

# Every action with what it does; the module has the same name.
ACTIONS = {
    "serve": "serve a folder, which is made if need be",
    "check": "compare the files with what the database says of them",
    "user": "add, list and remove users, and say what they may do",
    "scrub": "hash blobs, and set aside what is damaged",
    "gc": "take away what nobody needs, while it serves",
    "backup": "copy all of a registry, while it serves",
    "restore": "make a registry of a backup, every byte verified",
    "move": "move it to another folder or database, every byte verified",
    "export": "write images as an OCI layout",
}
