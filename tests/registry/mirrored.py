"""Mirrors of a registry on this machine, and the files that name them."""

from __future__ import annotations

__all__ = ["asked", "conf", "hosts", "sent", "write"]

from pathlib import Path

from boxship.testing import Listener, Place, Server


def write(file: Path, text: str) -> Path:
    """The file, with the text in it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def conf(home: Path, origin: Server, *mirrors: str | Server | Listener | Place, **table: str) -> Path:
    """A registries.conf with these mirrors of a registry; `mirrors` are locations, or tables' texts."""
    lines = ["[[registry]]", f'location = "{origin.address}"', *(f"{name} = {value}" for name, value in table.items())]
    for mirror in mirrors:
        lines += ["[[registry.mirror]]", mirror if isinstance(mirror, str) else f'location = "{mirror.address}"']
    return write(home / ".config" / "containers" / "registries.conf", "\n".join([*lines, ""]))


def hosts(home: Path, namespace: str, text: str) -> Path:
    """containerd's hosts.toml for a registry."""
    return write(home / "etc" / "containerd" / "certs.d" / namespace / "hosts.toml", text)


def asked(server: Server) -> list[str]:
    """What was asked of a server, in order; apart from whether it is a registry at all."""
    return [f"{request.method} {request.target}" for request in server.requests if request.target != "/v2/"]


def sent(server: Server, name: str) -> list[str | None]:
    """What it was sent in a header, of what was asked."""
    return [request.headers.get(name) for request in server.requests if request.target != "/v2/"]
