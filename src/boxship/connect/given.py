"""What a caller gives a client besides flags: places, proxies in the environment, folders to remember things in."""

from __future__ import annotations

__all__ = ["Places", "memory_folder", "proxies_of", "told_places", "uploads_folder"]

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from boxship.connect.address import Address
from boxship.connect.recollection import default_folder
from boxship.errors import InvalidSettings
from boxship.value import replace

if TYPE_CHECKING:
    from boxship.settings.proxies import Proxies

Places = Mapping[tuple[str, int], tuple[Address, ...]]


def told_places(resolve: Mapping[tuple[str, int], tuple[str, int]]) -> Places:
    """Where places are told to be dialled (`--resolve`); `InvalidSettings` for what is no address."""
    places: dict[tuple[str, int], tuple[Address, ...]] = {}
    for (host, port), (address, dialled) in resolve.items():
        try:
            told = replace(Address.of(address, dialled), source="flag --resolve")
            places[host.lower().rstrip("."), port] = (told,)
        except ValueError as error:
            raise InvalidSettings(f"resolve={host}:{port}", why=f"{address!r} is no IP address") from error
    return places


def memory_folder(told: str | os.PathLike[str] | None) -> Path | None:
    """Where it is kept how hosts were reached; None is nowhere, '' the user's cache folder."""
    return None if told is None else Path(told) if os.fspath(told) else default_folder(os.environ)


def proxies_of(environment: Mapping[str, str]) -> Proxies | None:
    """The proxies, where a variable names one: most often, none does."""
    if not any(environment.get(name) for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")):
        return None
    from boxship.settings.proxies import Proxies  # noqa: PLC0415 -- seldom needed, and it takes a while

    return Proxies.of(environment)


def uploads_folder(told: str | os.PathLike[str] | None) -> Path | None:
    """Where it is kept how uploads go on that were not finished: in that folder, too."""
    folder = memory_folder(told)
    return folder and folder / "uploads"
