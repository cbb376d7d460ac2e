"""Settings files of other programs that speak of a host: where those programs look, and what is certain of them.

Nothing of it is a setting of boxship's: it is for whoever wonders why another program goes another way. The places and
the order are those of containerd (core/remotes/docker/config), containers (sysregistriesv2, tlsclientconfig), docker
(daemon/pkg/registry) and k3s.
"""

from __future__ import annotations

__all__ = ["ROOT", "Foreign", "foreign_files"]

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from boxship.reference import Registry
from boxship.settings.docker_config import home_folder

ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A file, or a folder of them, that `program` reads for a host.

    Attributes:
        says: what it says of the host, in words; '' where it is only there.
        insecure: whether it plainly permits plain HTTP, or certificates that nobody checks.
    """

    program: str
    file: Path
    says: str = ""
    insecure: bool = False

    def __str__(self) -> str:
        return f"{self.program}'s {self.file}{self.says and ': '}{self.says}"


def foreign_files(registry: Registry, repository: str, environment: Mapping[str, str]) -> Iterator[Foreign]:
    """What other programs have for that host (and `repository`, which may be empty), as far as it is there."""
    home = Path(home_folder(environment))
    yield from _certificates(registry, home)
    yield from _hosts_toml(registry)
    yield from _registries_conf(registry, repository, home, environment)
    for distribution in ("k3s", "rke2"):
        file = ROOT / "etc" / "rancher" / distribution / "registries.yaml"
        if _is_there(file):
            yield Foreign(distribution, file)


def _certificates(registry: Registry, home: Path) -> Iterator[Foreign]:
    docker = ROOT / "etc" / "docker" / "certs.d" / registry.name
    if _is_there(docker):
        yield Foreign("docker", docker, "certificates for this host")
    own = (home / ".config" / "containers" / "certs.d", ROOT / "etc" / "containers" / "certs.d")
    # Only the first folder that is there counts.
    found = next((folder for place in own if _is_there(folder := place / registry.name)), None)
    if found:
        yield Foreign("podman", found, "certificates for this host")


def _hosts_toml(registry: Registry) -> Iterator[Foreign]:
    folder = ROOT / "etc" / "containerd" / "certs.d"
    host, colon, port = registry.name.rpartition(":")
    names = (f"{host}_{port}_", registry.name) if colon and port.isdigit() else (registry.name,)
    found = next((place for name in (*names, "_default") if _is_there(place := folder / name)), None)
    file = found and found / "hosts.toml"
    if file and _is_there(file):
        yield _of_containerd(file)


def _of_containerd(file: Path) -> Foreign:
    fields = _toml(file)
    if isinstance(fields, str):
        return Foreign("containerd", file, fields)
    hosts = _table(fields.get("host"))
    urls = [url for url in (*hosts, fields.get("server")) if isinstance(url, str)]
    plain = [url for url in urls if url.lower().startswith("http://")]
    unchecked = [url for url, host in hosts.items() if _table(host).get("skip_verify") is True]
    unchecked += ["server"] if fields.get("skip_verify") is True else []
    said = (f"asks {', '.join(urls)}" if urls else "", f"checks no certificate of {', '.join(unchecked)}")
    return Foreign(
        "containerd", file, "; ".join(filter(None, said if unchecked else said[:1])), bool(plain or unchecked)
    )


def _registries_conf(
    registry: Registry, repository: str, home: Path, environment: Mapping[str, str]
) -> Iterator[Foreign]:
    """The table that podman, skopeo and buildah take for the host: the one with the longest prefix, of all files."""
    name = f"{registry.name}/{repository}" if repository else registry.name
    best, found = -1, None
    for file in _configurations(home, environment):
        fields = _toml(file)
        if isinstance(fields, str):
            yield Foreign("podman", file, fields)
            continue
        for table in _tables(fields.get("registry")):
            length = _matched(table, name)
            # A drop-in replaces the table of the same prefix.
            if length >= max(best, 0):
                best, found = length, _of_containers(file, table)
    if found:
        yield found


def _configurations(home: Path, environment: Mapping[str, str]) -> list[Path]:
    own = home / ".config" / "containers"
    system = ROOT / "etc" / "containers"
    told = environment.get("CONTAINERS_REGISTRIES_CONF") or environment.get("REGISTRIES_CONFIG_PATH")
    if told:
        return [Path(told)]
    mine = own / "registries.conf"
    drop_ins = sorted((own / "registries.conf.d").glob("*.conf"))
    if _is_there(mine):
        return [mine, *drop_ins]
    machines = [system / "registries.conf", *sorted((system / "registries.conf.d").glob("*.conf"))]
    return [file for file in (*machines, *drop_ins) if _is_there(file)]


def _matched(table: Mapping[str, object], name: str) -> int:
    """How many letters of the name the table's prefix covers; below zero where it is for another one."""
    prefix = table.get("prefix") or table.get("location")
    if not isinstance(prefix, str):
        return -1
    prefix = prefix.rstrip("/")
    if prefix.startswith("*."):
        host = name.partition("/")[0].partition(":")[0]
        return len(prefix) if host.endswith(prefix[1:]) else -1
    whole = name == prefix or (name.startswith(prefix) and name[len(prefix)] in ":/@")
    return len(prefix) if whole else -1


def _of_containers(file: Path, table: Mapping[str, object]) -> Foreign:
    insecure, location = table.get("insecure") is True, table.get("location")
    mirrors = [str(mirror.get("location")) for mirror in _tables(table.get("mirror"))]
    said = (
        "insecure" if insecure else "",
        "blocked" if table.get("blocked") is True else "",
        f"asks {', '.join(mirrors)} first" if mirrors else "",
        f"is at {location}" if isinstance(location, str) and table.get("prefix") not in (None, location) else "",
    )
    return Foreign("podman", file, ", ".join(filter(None, said)), insecure)


def _toml(file: Path) -> Mapping[str, object] | str:
    """What is in the file, or in words why that is not known."""
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except (ValueError, RecursionError):
        return "is not TOML"


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _tables(value: object) -> Sequence[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder that may not be entered
        return False
