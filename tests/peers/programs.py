"""Other people's programs, as the tests run them: docker-registry, nginx and skopeo.

Each is a context manager that yields where the program listens; `process` starts and ends them. A program keeps its
configuration, log and temporary files in the folder it is given.
"""

from __future__ import annotations

__all__ = ["ALICE", "Address", "Login", "docker_registry", "free_port", "skopeo", "skopeo_copy"]

import contextlib
import json
import random
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.certificates import Certificate
from tests.peers.process import inside, running, wait_until_listening
from tests.peers.signed_tokens import TokenAuth


@dataclass(frozen=True, slots=True)
class Address:
    """Where a program listens; `str()` is `HOST:PORT`, as references write it."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Login:
    """A user whom a program accepts; `line` is its entry in an htpasswd file."""

    user: str
    password: str
    line: str


# docker-registry reads bcrypt only; made by `htpasswd -nbB -C 4 alice secret`.
ALICE = Login("alice", "secret", "alice:$2y$04$F5JI2/3dLYeY40pzSFO6seoVQWTw/EBA0qM95lZjC13nx1lzJhjT.")


# Linux gives those from 32768 on to connections and to port 0: one that was free is theirs before a program has it.
_NOT_EPHEMERAL = (10_000, 32_000)
_given: set[int] = set()  # who was given one may not listen yet when the next one asks


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that was free a moment ago and was not given before, of those that no system gives by itself."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        port = random.randrange(*_NOT_EPHEMERAL)
        if port in _given:
            continue
        with contextlib.suppress(OSError), socket.create_server((host, port), family=family):
            _given.add(port)
            return port


@contextmanager
def docker_registry(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    namespace: str | None = None,
    auth: Login | TokenAuth | None = None,
    tls: Certificate | None = None,
) -> Iterator[Address]:
    """Run CNCF distribution over `folder`, with deleting enabled; port 0 is a free one."""
    folder.mkdir(parents=True, exist_ok=True)
    config, log = folder / "config.yml", folder / "registry.log"
    # JSON is YAML.
    config.write_text(json.dumps(_registry_config(folder, Address(host, port), auth, tls)))
    with running(["docker-registry", "serve", str(config)], log=log, namespace=namespace) as process:
        yield Address(host, wait_until_listening(process, log=log))


def _registry_config(
    folder: Path, address: Address, auth: Login | TokenAuth | None, tls: Certificate | None
) -> dict[str, object]:
    http: dict[str, object] = {"addr": str(address), "secret": "one process needs no shared secret"}
    config: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}, "delete": {"enabled": True}},
        "http": http,
    }
    if tls:
        http["tls"] = {"certificate": str(tls.chain), "key": str(tls.key)}
    if isinstance(auth, TokenAuth):
        config["auth"] = {"token": dict(auth.config)}
    elif auth:
        htpasswd = folder / "htpasswd"
        htpasswd.write_text(f"{auth.line}\n")
        config["auth"] = {"htpasswd": {"realm": "boxship tests", "path": str(htpasswd)}}
    return config


def skopeo(*arguments: str, namespace: str | None = None, timeout: float = 60.0) -> str:
    """Return what skopeo prints; its failure is `subprocess.CalledProcessError` with what it said."""
    argv = inside(namespace, ["skopeo", "--insecure-policy", *arguments])
    done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, argv, done.stdout, f"skopeo: {done.stderr}")
    return done.stdout


def skopeo_copy(source: str, target: str, *options: str, namespace: str | None = None, timeout: float = 60.0) -> None:
    """Copy one image between skopeo's transports; certificates are not checked, and plain HTTP is permitted."""
    unverified = ("--src-tls-verify=false", "--dest-tls-verify=false")
    skopeo("copy", *unverified, *options, source, target, namespace=namespace, timeout=timeout)
