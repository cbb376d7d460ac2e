"""What the actions of `boxship audit` share: which files are read, and which fields in them."""

from __future__ import annotations

__all__ = ["add_files", "read_lock", "tell", "texts", "uses"]

import argparse
import os
from collections.abc import Iterable, Iterator

from boxship.audit.kubernetes import IMAGE_LIKE
from boxship.audit.lock import Lock
from boxship.audit.sources import Reading, read_files, uses_in
from boxship.audit.use import Complaint, Text, Uses
from boxship.cli import console
from boxship.errors import InvalidSettings


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add the files, and the fields of theirs that hold images."""
    words = "YAML of Kubernetes or compose, or a list; a folder's .yaml, .yml and .json; - is standard input"
    parser.add_argument("files", nargs="+", metavar="FILE|DIR|-", help=words)
    parser.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="GLOB",
        help="fields that hold images besides those of pods, by their paths: '*.image', spec.proxy.image",
    )
    parser.add_argument(
        "--crds", action="store_true", help=f"the same as {' '.join(map('--field {}'.format, IMAGE_LIKE))}"
    )


def uses(chosen: argparse.Namespace, read: Iterable[Text | Complaint] | None = None) -> Uses:
    """The images that the files name."""
    patterns = (*chosen.field, *(IMAGE_LIKE if chosen.crds else ()))
    reading = Reading(patterns, os.environ)
    every = texts(chosen) if read is None else read
    return Uses.joined(Uses((), (one,)) if isinstance(one, Complaint) else uses_in(one, reading) for one in every)


def texts(chosen: argparse.Namespace) -> Iterator[Text | Complaint]:
    """What is in the files; standard input is read once."""
    if "-" in chosen.files and "-" in (getattr(chosen, "from_secret", None), getattr(chosen, "lock", None)):
        raise InvalidSettings("standard input", why="it is the files, and something else, too")
    return read_files(chosen.files, console.read("-") if "-" in chosen.files else b"")


def read_lock(file: str, option: str) -> Lock:
    """The lock file that an option names."""
    told = f"{option} {file}"
    try:
        return Lock.parse(console.read(file, told).decode("utf-8-sig"), file)
    except UnicodeDecodeError as error:
        raise InvalidSettings(told, why="it is no text") from error


def tell(complaints: Iterable[Complaint]) -> bool:
    """Say what could not be read; whether there was anything."""
    words = [console.one_line(f"boxship: {one.at}: {one.words}") for one in complaints]
    console.complain(*words)
    return bool(words)
