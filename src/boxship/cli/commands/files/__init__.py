"""`boxship files`: files of an image, without the whole of it; a file for each action."""

from __future__ import annotations

__all__ = ["ACTIONS", "EXAMPLE", "SUMMARY"]

SUMMARY = "Look at files of an image, and take some out; only layers are read that have a say in that."
EXAMPLE = "boxship files cat reg.corp/app:2 /etc/os-release"

# Every action with what it does; the module has the same name.
ACTIONS = {
    "ls": "list what is in a folder of an image",
    "cat": "print files of an image, verified",
    "get": "write a file or a folder of an image to this machine",
}
