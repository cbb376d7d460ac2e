"""What podman would take a short name for: boxship takes it for Docker Hub's on every machine."""

from __future__ import annotations

__all__ = ["short_name"]

import os
from collections.abc import Iterator

from boxship.errors import InvalidSettings
from boxship.explain.setting import Setting
from boxship.settings.containers import alias_file, read_registries_conf
from boxship.settings.machine import Machine
from boxship.settings.registries_conf import RegistriesConf, parse_registries_conf
from boxship.settings.toml_file import read_toml

_NAME = "podman-takes-it-for"
# What it does with several, as measured; a terminal is one at standard input and output.
_ASKS = "podman asks which of them, and where there is no terminal it"
_DOES = {
    "enforcing": f"{_ASKS} fails",
    "permissive": f"{_ASKS} tries one after the other",
    "disabled": "podman tries one after the other",
}


def short_name(written: str) -> Iterator[Setting]:
    """Podman's aliases, its own first, then the registries that are searched; nothing for a name with a registry."""
    first, slash, _ = written.partition("/")
    if "://" in written or (slash and (any(mark in first for mark in ".:[") or first == "localhost")):
        return
    name = written.partition("@")[0].partition(":")[0]
    machine = Machine.of(os.environ)
    try:
        found = read_registries_conf(machine).under(_own(machine))
    except InvalidSettings as error:
        yield Setting(_NAME, f"nothing: {error.why}", error.what)
        return
    alias = found.aliases.get(name)
    if alias and alias.value:
        yield Setting(_NAME, alias.value, alias.source)
        return
    mode = found.mode.value if found.mode else "permissive"
    searched = found.search or ()
    for registry in searched:
        told = f" (one of {len(searched)}: short-name-mode is {mode}, {_DOES[mode]})" if len(searched) > 1 else ""
        yield Setting(_NAME, f"{registry.value}/{name}{told}", registry.source)
    if not searched:
        yield Setting(_NAME, "nothing: it has no alias, and no registry is searched", "default")


def _own(machine: Machine) -> RegistriesConf:
    """What podman was told by whoever was asked; it comes before all other files."""
    try:
        return parse_registries_conf(read_toml(alias_file(machine)), drop_in=True)
    except OSError:
        return RegistriesConf()
