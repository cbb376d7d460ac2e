"""Which `registries.conf` counts on a machine, and what it says with its drop-ins and podman's own aliases.

The order is that of containers/image: a file that a variable names, else the user's (whose drop-ins are the only ones
then), else the machine's with the drop-ins of both. What is missing says nothing, unless a variable names it.
"""

from __future__ import annotations

__all__ = ["alias_file", "read_registries_conf", "registries_files"]

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from boxship.errors import InvalidSettings
from boxship.settings.machine import Machine

if TYPE_CHECKING:
    from boxship.settings.registries_conf import RegistriesConf

# Most machines have no such file that speaks of registries: what takes one apart is imported where one does.
# ruff: noqa: PLC0415

VARIABLES = ("CONTAINERS_REGISTRIES_CONF", "REGISTRIES_CONFIG_PATH")


def registries_files(machine: Machine) -> tuple[str, Path, tuple[Path, ...]]:
    """The variable that names the file, or ''; the file; its drop-ins, in the order in which they are read."""
    own, system = machine.home / ".config" / "containers", machine.etc / "containers"
    variable = next((name for name in VARIABLES if machine.environment.get(name)), "")
    file = Path(machine.environment[variable]) if variable else own / "registries.conf"
    if not variable and os.path.exists(file):  # noqa: PTH110 -- unlike `exists`, it takes one that may not be looked at for none
        return "", file, tuple(_drop_ins(own))
    return variable, file if variable else system / "registries.conf", (*_drop_ins(system), *_drop_ins(own))


def read_registries_conf(machine: Machine) -> RegistriesConf:
    """What they say together, or `InvalidSettings`."""
    variable, file, drop_ins = registries_files(machine)
    found = _read(file, told_by=variable)
    for drop_in in drop_ins:
        found = found.under(_read(drop_in, drop_in=True))
    return found


def alias_file(machine: Machine) -> Path:
    """Where podman itself writes which short names it was told to take for which repository."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    cache = machine.etc.parent / "var" / "cache" if is_root else machine.cache
    return cache / "containers" / "short-name-aliases.conf"


def _drop_ins(folder: Path) -> Iterator[Path]:
    inside = folder / "registries.conf.d"
    try:
        files = sorted(inside.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise InvalidSettings(str(inside), why=f"cannot be read: {error.strerror}") from error
    yield from (file for file in files if file.name.endswith(".conf") and not file.is_dir())


def _read(file: Path, *, told_by: str = "", drop_in: bool = False) -> RegistriesConf:
    from boxship.settings.registries_conf import RegistriesConf, parse_registries_conf
    from boxship.settings.toml_file import read_toml

    try:
        section = read_toml(file)
    except (FileNotFoundError, NotADirectoryError) as error:
        if told_by:
            raise InvalidSettings(str(file), why="there is no such file", remedy=f"{told_by} names it") from error
        return RegistriesConf()
    except OSError as error:
        raise InvalidSettings(str(file), why=f"cannot be read: {error.strerror}") from error
    return parse_registries_conf(section, drop_in=drop_in)
