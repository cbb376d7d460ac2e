"""`boxship audit`: images that files name; a file for each action."""

from __future__ import annotations

__all__ = ["ACTIONS", "EXAMPLE", "MEANT", "SUMMARY"]

SUMMARY = "Look at the images that Kubernetes' YAML, compose files and lists name; without an action, check is meant."
EXAMPLE = "helm template chart | boxship audit - --platform linux/arm64"

# Every action with what it does; the module has the same name.
ACTIONS = {
    "check": "see whether each image is there, for the platform, and as it was locked",
    "lock": "write what each image stands for",
    "rewrite": "name other registries in files, and digests",
}

MEANT = "check"
"""What is done where none is named."""
