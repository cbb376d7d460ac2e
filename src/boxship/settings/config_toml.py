"""boxship's own `config.toml`: what no other program's file can say of a host, as docs/settings.md has it.

`[host."reg.corp:5000"]` is for that port of the host, `[host."reg.corp"]` for all of them, `[host."*.corp"]` for the
names below, `[host."*"]` for every host. Each field is taken from the closest table that has it. A name that is not
known is an error: nobody else reads this file.
"""

from __future__ import annotations

__all__ = ["ConfigToml", "parse_config_toml", "read_config_toml"]

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import Registry
from boxship.settings.durations import parse_duration
from boxship.settings.host_table import VARIABLE, HostTable, config_file
from boxship.settings.machine import Machine
from boxship.settings.section import Section
from boxship.settings.sourced import Sourced
from boxship.settings.trust import TLS_VERSIONS
from boxship.value import dataclass, field, fields

Value = TypeVar("Value")

SCHEMES = ("auto", "http", "https")
_TOP = ("host",)


@dataclass(frozen=True, slots=True)
class ConfigToml:
    """What the file says: of hosts, by how they are written there."""

    hosts: Mapping[str, HostTable] = field(default_factory=dict)

    def of(self, registry: Registry) -> HostTable:
        """All that holds for a host."""
        found = HostTable()
        for pattern in _patterns(registry):
            if pattern in self.hosts:
                found = found.over(self.hosts[pattern])
        return found


def read_config_toml(machine: Machine, bounds: Mapping[str, float]) -> ConfigToml:
    """What the file says; nothing where it is missing, unless the variable names it. `bounds`: those that there are."""
    file = config_file(machine)
    from boxship.settings.toml_file import read_toml  # noqa: PLC0415 -- most have no such file

    try:
        section = read_toml(file)
    except (FileNotFoundError, NotADirectoryError) as error:
        if machine.environment.get(VARIABLE):
            raise InvalidSettings(str(file), why="there is no such file", remedy=f"{VARIABLE} names it") from error
        return ConfigToml()
    except OSError as error:
        raise InvalidSettings(str(file), why=f"cannot be read: {error.strerror}") from error
    return parse_config_toml(section, bounds)


def parse_config_toml(section: Section, bounds: Mapping[str, float]) -> ConfigToml:
    """What the file says, or `InvalidSettings` with the line."""
    _refuse_others(section, _TOP)
    hosts = {_pattern(inner, name): _table(inner, bounds) for name, inner in section.section("host").sections()}
    return ConfigToml(hosts)


def _patterns(registry: Registry) -> Iterator[str]:
    """How a host may be written, the closest first."""
    host = Registry(registry.host).name.lower()
    yield registry.name.lower()
    if registry.port is not None:
        yield host
    labels = host.split(".")
    yield from (f"*.{'.'.join(labels[number:])}" for number in range(1, len(labels)))
    yield "*"


def _pattern(section: Section, name: str) -> str:
    written = name.lower()
    host = written.removeprefix("*.")
    try:
        registry = Registry.parse("any" if written == "*" else host)
    except InvalidReference as error:
        raise section.invalid("", f"{name!r} is no host: {error.why}") from None
    if registry.scheme:
        raise section.invalid("", f"{name!r} has a scheme: that is a field")
    return written if "*" in written else registry.name.lower()


def _table(section: Section, bounds: Mapping[str, float]) -> HostTable:
    known = {each.name.replace("_", "-"): each.name for each in fields(HostTable)}
    _refuse_others(section, known)
    return HostTable(
        scheme=_one_of(section, "scheme", SCHEMES),
        tls_min_version=_one_of(section, "tls-min-version", TLS_VERSIONS),
        preemptive_auth=_sourced(section, "preemptive-auth", section.flag),
        requests_per_second=_positive(section, "requests-per-second"),
        concurrency=_count(section, "concurrency"),
        timeouts=_timeouts(section.section("timeouts"), bounds),
    )


def _timeouts(section: Section, bounds: Mapping[str, float]) -> Mapping[str, Sourced[float]]:
    names = {name.replace("_", "-"): name for name in bounds}
    _refuse_others(section, names)
    return {names[name]: Sourced(_seconds(section, name), section.source(name)) for name in section.values}


def _seconds(section: Section, name: str) -> float:
    value = section.value(name)
    seconds = parse_duration(value) if isinstance(value, str) else section.number(name)
    if seconds is None or not 0 < seconds < float("inf"):
        raise section.invalid(name, "it is a number of seconds above 0, or a time as 1m30s")
    return seconds


def _one_of(section: Section, name: str, values: tuple[str, ...]) -> Sourced[str] | None:
    value = section.text(name)
    if section.has(name) and value not in values:
        raise section.invalid(name, f"it is one of {', '.join(values)}")
    return Sourced(value, section.source(name)) if value else None


def _positive(section: Section, name: str) -> Sourced[float] | None:
    value = section.number(name)
    if value is not None and not 0 < value < float("inf"):
        raise section.invalid(name, "it is a number above 0")
    return None if value is None else Sourced(float(value), section.source(name))


def _count(section: Section, name: str) -> Sourced[int] | None:
    value = section.number(name)
    if value is not None and (not isinstance(value, int) or value < 1):
        raise section.invalid(name, "it is a whole number above 0")
    return None if value is None else Sourced(int(value), section.source(name))


def _sourced(section: Section, name: str, read: Callable[[str], Value | None]) -> Sourced[Value] | None:
    value = read(name)
    return None if value is None else Sourced(value, section.source(name))


def _refuse_others(section: Section, known: Mapping[str, str] | tuple[str, ...]) -> None:
    for name in section.values:
        if name not in known:
            raise section.invalid(name, f"there is no such setting; known here: {', '.join(known)}")
