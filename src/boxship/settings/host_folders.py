"""Where programs look for what there is to say of a host: folders that have its name, in folders of such folders."""

from __future__ import annotations

__all__ = ["certificate_folders", "host_folders"]

from collections.abc import Iterator
from pathlib import Path

from boxship.settings.file_bytes import file_bytes
from boxship.settings.machine import Machine

_CRI = ("io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images")


def certificate_folders(host: str, machine: Machine) -> Iterator[tuple[str, Path]]:
    """Every folder that may have some for `host[:port]`, with whose it is: the first one that is there counts.

    The order is podman's, to which docker's own for a daemon without root is added.
    """
    name = host.replace(":", "") if machine.windows else host
    yield "podman", machine.home / ".config" / "containers" / "certs.d" / name
    yield "podman", machine.etc / "containers" / "certs.d" / name
    yield "docker", machine.docker / "certs.d" / name
    yield "docker", machine.config / "docker" / "certs.d" / name


def host_folders(host: str, machine: Machine) -> Iterator[Path]:
    """Every folder of containerd's that may speak of `host[:port]`: the first one that is there counts."""
    name, colon, port = host.rpartition(":")
    names = (f"{name}_{port}_", host) if colon and port.isdigit() else (host,)
    for root in _roots(machine):
        yield from (root / each for each in (*names, "_default"))


def _roots(machine: Machine) -> Iterator[Path]:
    """The folders of folders: nerdctl's own of a user, then what containerd's `config_path` names."""
    yield machine.config / "containerd" / "certs.d"
    told = _config_path(machine.etc / "containerd" / "config.toml")
    yield from (map(Path, filter(None, told.split(":"))) if told else (machine.etc / "containerd" / "certs.d",))


def _config_path(file: Path) -> str:
    try:
        if b"config_path" not in file_bytes(file):
            return ""  # most do not say it, and to take a file of this size apart takes longer than all else here
    except OSError:
        return ""  # it is the daemon's, and need not be everybody's to read
    from boxship.settings.toml_file import read_toml  # noqa: PLC0415 -- most machines have no such file

    plugins = read_toml(file).section("plugins")
    return next(filter(None, (plugins.section(name).section("registry").text("config_path") for name in _CRI)), "")
