"""What to write for each program, as text to paste: that a host speaks plain HTTP, or whose authority it has.

Formats: dockerd.md ("insecure-registries"), containerd's hosts.md, containers-registries.conf(5), certs.d of docker and
of containers, and the flags of crane.
"""

from __future__ import annotations

__all__ = ["for_authority", "for_plain_http"]

from boxship.doctor.report import Remedy
from boxship.reference import Reference


def for_plain_http(reference: Reference) -> tuple[Remedy, ...]:
    """How to say that the registry is meant to be spoken to over plain HTTP."""
    host = reference.registry.name
    told = f"{host}/{reference.repository}"
    conf = f'[[registry]]\nlocation = "{host}"\ninsecure = true'
    hosts = f'server = "http://{host}"\n\n[host."http://{host}"]\n  capabilities = ["pull", "resolve", "push"]'
    return (
        Remedy("boxship", "the command line", f"boxship ls http://{told}"),
        Remedy("docker", "/etc/docker/daemon.json, then restart it", f'{{"insecure-registries": ["{host}"]}}'),
        Remedy("containerd", f"/etc/containerd/certs.d/{_folder(host)}/hosts.toml", hosts),
        Remedy("podman, skopeo", f"/etc/containers/registries.conf.d/{_file(host)}.conf", conf),
        Remedy("crane", "the command line", f"crane ls --insecure {told}"),
    )


def for_authority(reference: Reference) -> tuple[Remedy, ...]:
    """How to say that the authority that signed the registry's certificate is to be trusted; it is in `ca.crt`."""
    host = reference.registry.name
    told = f"{host}/{reference.repository}"
    hosts = f'server = "https://{host}"\nca = "/etc/containerd/certs.d/{_folder(host)}/ca.crt"'
    return (
        Remedy("boxship", "the command line", f"boxship ls --ca-file ca.crt {told}"),
        Remedy("docker", "the shell", f"install -D -m 644 ca.crt /etc/docker/certs.d/{host}/ca.crt"),
        Remedy("containerd", f"/etc/containerd/certs.d/{_folder(host)}/hosts.toml", hosts),
        Remedy("podman, skopeo", "the shell", f"install -D -m 644 ca.crt /etc/containers/certs.d/{host}/ca.crt"),
        Remedy("crane", "the shell", f"SSL_CERT_FILE=ca.crt crane ls {told}"),
    )


def _folder(host: str) -> str:
    # containerd looks for `host_5000_` before `host:5000`, which not every file system can name.
    name, colon, port = host.rpartition(":")
    return f"{name}_{port}_" if colon and port.isdigit() else host


def _file(host: str) -> str:
    return "".join(character if character.isalnum() or character in ".-" else "-" for character in host)
