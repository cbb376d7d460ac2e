"""What actions on a registry's folder have in common: how it is given and opened, and amounts in words."""

from __future__ import annotations

__all__ = ["add_database", "add_folder", "amount", "opened"]

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from boxship.server.layout import check_registry
from boxship.server.registry import Registry, Settings
from boxship.server.sqlite import telling


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Add the option that says which folder."""
    parser.add_argument("--disk", default="registry", metavar="DIR", help="the registry's folder (default: ./registry)")


def add_database(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where its names are."""
    words = "where its names are, if not in DIR: postgresql://USER@HOST/NAME"
    parser.add_argument("--database", default="", metavar="URL", help=words)


@contextmanager
def opened(folder: Path, database: str = "") -> Iterator[Registry]:
    """The registry in the folder, beside whoever serves it; `InvalidSettings` where there is none."""
    check_registry(folder)
    with telling(folder), closing(Registry.open(folder, Settings(database=database))) as registry:
        yield registry


def amount(number: int, what: str) -> str:
    """So many of what has an s where it is not one."""
    return f"{number} {what}{'' if number == 1 else 's'}"
