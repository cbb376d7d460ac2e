"""What actions on a registry's folder have in common: how it is given and opened."""

from __future__ import annotations

__all__ = ["add_database", "add_folder", "add_storage", "opened", "place_of"]

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from boxship.server.database.sqlite import telling
from boxship.server.registry import Registry, Settings
from boxship.server.storage.layout import check_registry
from boxship.server.upkeep.place import Place


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Add the option that says which folder."""
    parser.add_argument("--disk", default="registry", metavar="DIR", help="the registry's folder (default: ./registry)")


def add_database(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where its names are."""
    words = "where its names are, if not in DIR: postgresql://USER@HOST/NAME"
    parser.add_argument("--database", default="", metavar="URL", help=words)


def add_storage(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where its content is."""
    words = "where its content is, if not in DIR: s3://BUCKET/PREFIX"
    parser.add_argument("--storage", default="", metavar="URL", help=words)
    parser.add_argument(
        "--s3-endpoint", default="", metavar="URL", help="where that is (AWS_ENDPOINT_URL, and else AWS)"
    )
    parser.add_argument("--s3-region", default="", metavar="NAME", help="in which region (AWS_REGION)")


def place_of(chosen: argparse.Namespace) -> Place:
    """Where the registry is that the options name."""
    return Place(Path(chosen.disk), chosen.database, chosen.storage, chosen.s3_endpoint, chosen.s3_region)


@contextmanager
def opened(chosen: argparse.Namespace) -> Iterator[Registry]:
    """The registry that the options name, beside whoever serves it; `InvalidSettings` where there is none."""
    folder = Path(chosen.disk)
    settings = Settings(
        database=chosen.database,
        storage=chosen.storage,
        s3_endpoint=chosen.s3_endpoint,
        s3_region=chosen.s3_region,
    )
    # With names and content elsewhere, a folder has nothing that is missed.
    if not (chosen.database and chosen.storage):
        check_registry(folder)
    with telling(folder), closing(Registry.open(folder, settings)) as registry:
        yield registry
