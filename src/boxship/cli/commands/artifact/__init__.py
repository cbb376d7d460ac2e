"""`boxship artifact`: files in registries; a file for each action."""

from __future__ import annotations

__all__ = ["ACTIONS", "EXAMPLE", "SUMMARY"]

SUMMARY = "Files in registries, as oras has them: pushed, attached to images, and pulled."
EXAMPLE = "boxship artifact attach reg.corp/app:1 sbom.json --artifact-type application/spdx+json"

# Every action with what it does; the module has the same name.
ACTIONS = {
    "push": "push files and folders as an artifact",
    "attach": "push files as an artifact that refers to an image",
    "pull": "pull an artifact's files into a folder",
}
