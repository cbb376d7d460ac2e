"""What the files on a machine say of registries, each read once, when the first registry needs it.

Which file counts for what, and in which order, is `for_reference`'s to know.
"""

from __future__ import annotations

__all__ = ["Ecosystem"]

import os
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from boxship.errors import MissingExtra
from boxship.reference import Registry
from boxship.settings.file_bytes import file_bytes
from boxship.settings.host_table import VARIABLE, HostTable, config_file
from boxship.settings.machine import Machine

if TYPE_CHECKING:
    from boxship.settings.certs_d import Certificates
    from boxship.settings.config_toml import ConfigToml
    from boxship.settings.daemon_json import Unsafe
    from boxship.settings.hosts_toml import HostsToml
    from boxship.settings.registries_conf import RegistriesConf, Table
    from boxship.settings.registries_yaml import RegistriesYaml

# Most machines have few of the files: what reads one is imported when it is there.
# ruff: noqa: PLC0415

Value = TypeVar("Value")
_DISTRIBUTIONS = ("k3s", "rke2")
# A registries.conf that has short names alone, as distributions bring it, needs no look here; all else is read.
_TEXT = rb'"[^"\\\n]*"'
_VALUE = rb"(?:%s|\[[ \t]*(?:%s[ \t]*,?[ \t]*)*\])" % (_TEXT, _TEXT)
_END = rb"[ \t]*(?:#[^\n]*)?\r?\n"
_GLOBAL = rb"(?:unqualified-search-registries|short-name-mode|credential-helpers)[ \t]*=[ \t]*%s" % _VALUE
_ALIAS = rb"(?:%s|[A-Za-z0-9_-]+)[ \t]*=[ \t]*%s" % (_TEXT, _TEXT)
_QUIET = re.compile(
    rb"(?:[ \t]*(?:%s)?%s)*(?:[ \t]*\[aliases\]%s(?:[ \t]*(?:%s)?%s)*)?" % (_GLOBAL, _END, _END, _ALIAS, _END)
)


class Ecosystem:
    """The files of a machine. Safe to use from several threads."""

    def __init__(self, environment: Mapping[str, str], bounds: Mapping[str, float], say: Callable[[str], None]) -> None:
        """`bounds`: those that hosts may have of their own; `say` is told what is odd in a file, once."""
        self.machine = Machine.of(environment)
        self._bounds, self._say = bounds, say
        self._lock = threading.RLock()
        self._read: dict[object, object] = {}

    @property
    def own(self) -> ConfigToml:
        """Boxship's own."""
        from boxship.settings.config_toml import read_config_toml

        return self._once("own", lambda: read_config_toml(self.machine, self._bounds))

    def table(self, registry: Registry) -> HostTable:
        """What boxship's own file says of a host."""
        return self._once(registry, lambda: self._table(registry))

    @property
    def containers(self) -> RegistriesConf:
        """podman's, skopeo's and buildah's; empty where no file of it speaks of registries."""
        return self._once("containers", self._containers)

    @property
    def has_containers(self) -> bool:
        """Whether a file of podman's speaks of registries."""
        return self._once("told", self._has_containers)

    def place(self, name: str) -> Table | None:
        """What podman's files say of `host` or `host/repository`."""
        return self.containers.table(name) if self.has_containers else None

    @property
    def unsafe(self) -> Unsafe:
        """Docker's daemon's."""
        return self._once("unsafe", self._unsafe)

    def hosts_toml(self, host: str) -> tuple[Path, HostsToml] | None:
        """Containerd's folder for `host[:port]`, and what it says."""
        return self._once(("hosts", host), lambda: self._hosts_toml(host))

    @property
    def registries_yaml(self) -> tuple[tuple[Path, RegistriesYaml], ...]:
        """k3s' and rke2's, as far as they are there."""
        return self._once("yaml", lambda: tuple(filter(None, map(self._registries_yaml, _DISTRIBUTIONS))))

    def certificates(self, host: str) -> Certificates | None:
        """Those of the first folder that is there for `host[:port]`; None where none is."""
        return self._once(("certificates", host), lambda: self._certificates(host))

    def _once(self, key: object, read: Callable[[], Value]) -> Value:
        with self._lock:
            if key not in self._read:
                self._read[key] = read()
            return cast("Value", self._read[key])

    def _table(self, registry: Registry) -> HostTable:
        if not self.machine.environment.get(VARIABLE) and not os.path.lexists(config_file(self.machine)):
            return HostTable()
        return self.own.of(registry)

    def _unsafe(self) -> Unsafe:
        from boxship.settings.daemon_json import daemon_files, read_daemon_json

        return self._told(read_daemon_json(daemon_files(self.machine.environment)))

    def _has_containers(self) -> bool:
        from boxship.settings.containers import registries_files

        variable, file, drop_ins = registries_files(self.machine)
        return bool(variable) or any(map(_speaks, (file, *drop_ins)))

    def _containers(self) -> RegistriesConf:
        from boxship.settings.containers import read_registries_conf
        from boxship.settings.registries_conf import RegistriesConf

        return self._told(read_registries_conf(self.machine)) if self.has_containers else RegistriesConf()

    def _hosts_toml(self, host: str) -> tuple[Path, HostsToml] | None:
        from boxship.settings.host_folders import host_folders

        folder = next((folder for folder in host_folders(host, self.machine) if os.path.isdir(folder)), None)  # noqa: PTH112 -- unlike `is_dir`, it takes one that may not be looked at for none
        if folder is None:
            return None
        from boxship.settings.hosts_toml import read_hosts

        return folder, self._told(read_hosts(folder))

    def _registries_yaml(self, distribution: str) -> tuple[Path, RegistriesYaml] | None:
        file = self.machine.etc / "rancher" / distribution / "registries.yaml"
        try:
            text = file_bytes(file).decode("utf-8-sig")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            # It is the node's, and need not be everybody's to read.
            self._say(f"{file} cannot be read, so its mirrors are not known: {getattr(error, 'strerror', error)}")
            return None
        from boxship.settings.registries_yaml import parse_registries_yaml
        from boxship.settings.yaml_file import parse_yaml

        try:
            return file, self._told(parse_registries_yaml(parse_yaml(text, str(file))))
        except MissingExtra as error:
            self._say(f"{file} is not read: {error}")
            return None

    def _certificates(self, host: str) -> Certificates | None:
        from boxship.settings.host_folders import certificate_folders

        folders = (folder for _, folder in certificate_folders(host, self.machine))
        found = next((folder for folder in folders if os.path.isdir(folder)), None)  # noqa: PTH112 -- as above
        if not found:
            return None
        from boxship.settings.certs_d import read_certificates

        certificates = read_certificates(found)
        if certificates.others:
            names = ", ".join(Path(file.value).name for file in certificates.others)
            self._say(f"{found}: one certificate is shown, the first; not {names}")
        return certificates

    def _told(self, read: Value) -> Value:
        for warning in getattr(read, "warnings", ()):
            self._say(warning)
        return read


def _speaks(file: Path) -> bool:
    try:
        content = file_bytes(file)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # why it cannot be read is said by who reads it
    return not _QUIET.fullmatch(content if content.endswith(b"\n") else content + b"\n")
