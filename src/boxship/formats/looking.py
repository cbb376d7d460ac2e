"""What is at a path, found by looking: a layout, a folder of skopeo's, or an archive."""

from __future__ import annotations

__all__ = ["place_at"]

from pathlib import Path

from boxship.errors import InvalidReference, NotFound, UnexpectedAnswer
from boxship.formats.place import Kind, Place
from boxship.reference import DOCKER_HUB, Reference


def place_at(text: str) -> Place:
    """The place that the text writes, else what is at the path that it is."""
    return Place.parse(text) or Place(_kind(Path(text)), Path(text))


def _is_image(text: str) -> bool:
    """Whether it names a registry, and so was meant for another place on the command line."""
    try:
        reference = Reference.parse(text)
    except InvalidReference:
        return False
    return reference.registry.host != DOCKER_HUB


def _kind(path: Path) -> Kind:
    if path.is_dir():
        if (path / "index.json").is_file():
            return Kind.OCI
        if (path / "manifest.json").is_file():
            return Kind.DIR
        raise UnexpectedAnswer(f"{path} holds no image", why="it is a folder without index.json or manifest.json")
    if not path.exists():
        remedy = "that is how an image in a registry is written: here a file or a folder is meant"
        raise NotFound(f"{path}", why="there is no such file or folder", remedy=remedy if _is_image(str(path)) else "")
    return Kind.DOCKER_ARCHIVE  # opened, it is found to be a layout in a tar where it is one
