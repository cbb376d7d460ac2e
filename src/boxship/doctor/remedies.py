"""What to write for each program, as text to paste: that a host speaks plain HTTP, or whose authority it has.

Formats: dockerd.md ("insecure-registries"), containerd's hosts.md, containers-registries.conf(5), certs.d of docker and
of containers, and the flags of crane.
"""

from __future__ import annotations

__all__ = ["for_authority", "for_client", "for_plain_http"]

from boxship.doctor.report import Remedy
from boxship.doctor.wanted import Wanted, address, listing, registry_of


def for_plain_http(wanted: Wanted) -> tuple[Remedy, ...]:
    """How to say that the registry is meant to be spoken to over plain HTTP."""
    host = registry_of(wanted).name
    verb, told = listing(wanted), address(wanted)
    conf = f'[[registry]]\nlocation = "{host}"\ninsecure = true'
    hosts = f'server = "http://{host}"\n\n[host."http://{host}"]\n  capabilities = ["pull", "resolve", "push"]'
    return (
        Remedy("boxship", "the command line", f"boxship {verb} http://{told}"),
        Remedy("docker", "/etc/docker/daemon.json, then restart it", f'{{"insecure-registries": ["{host}"]}}'),
        Remedy("containerd", _hosts_toml(host), hosts),
        Remedy("podman, skopeo", f"/etc/containers/registries.conf.d/{_file(host)}.conf", conf),
        Remedy("crane", "the command line", f"crane {verb} --insecure {told}"),
    )


def for_authority(wanted: Wanted) -> tuple[Remedy, ...]:
    """How to say that the authority that signed the registry's certificate is to be trusted; it is in `ca.crt`."""
    host = registry_of(wanted).name
    verb, told = listing(wanted), address(wanted)
    hosts = f'server = "https://{host}"\nca = "/etc/containerd/certs.d/{_folder(host)}/ca.crt"'
    return (
        Remedy("boxship", "the command line", f"boxship {verb} --ca-file ca.crt {told}"),
        Remedy("docker", "the shell", f"install -D -m 644 ca.crt /etc/docker/certs.d/{host}/ca.crt"),
        Remedy("containerd", _hosts_toml(host), hosts),
        Remedy("podman, skopeo", "the shell", f"install -D -m 644 ca.crt /etc/containers/certs.d/{host}/ca.crt"),
        Remedy("crane", "the shell", f"SSL_CERT_FILE=ca.crt crane {verb} {told}"),
        Remedy("a Kubernetes node", "the shell of each node, as its runtime pulls (Debian, Ubuntu)", _on_node(host)),
    )


def for_client(wanted: Wanted) -> tuple[Remedy, ...]:
    """How to show a client's certificate, where a registry asks for one; it is in `client.crt` and `client.key`."""
    host = registry_of(wanted).name
    verb, told = listing(wanted), address(wanted)
    folder = f"/etc/containerd/certs.d/{_folder(host)}"
    hosts = f'server = "https://{host}"\nclient = [["{folder}/client.crt", "{folder}/client.key"]]'
    return (
        Remedy("boxship", "the command line", f"boxship {verb} --cert client.crt --key client.key {told}"),
        Remedy("docker", "the shell", _pair(f"/etc/docker/certs.d/{host}")),
        Remedy("containerd", _hosts_toml(host), hosts),
        Remedy("podman, skopeo", "the shell", _pair(f"/etc/containers/certs.d/{host}")),
    )


def _hosts_toml(host: str) -> str:
    # config.md of containerd's CRI: `config_path` is '' by default, and the folder is not looked at.
    return (
        f"/etc/containerd/certs.d/{_folder(host)}/hosts.toml, which is read where config.toml sets "
        'config_path = "/etc/containerd/certs.d"'
    )


def _on_node(host: str) -> str:
    # Go reads the system's authorities once: a runtime that runs knows nothing of a new one.
    name = _file(host)
    return (
        f"install -D -m 644 ca.crt /usr/local/share/ca-certificates/{name}.crt\n"
        "update-ca-certificates && systemctl restart containerd"
    )


def _pair(folder: str) -> str:
    # A client's certificate is *.cert, *.crt is an authority's (dockerd's certificates.md, containers-certs.d(5)).
    return f"install -D -m 644 client.crt {folder}/client.cert\ninstall -D -m 600 client.key {folder}/client.key"


def _folder(host: str) -> str:
    # containerd looks for `host_5000_` before `host:5000`, which not every file system can name.
    name, colon, port = host.rpartition(":")
    return f"{name}_{port}_" if colon and port.isdigit() else host


def _file(host: str) -> str:
    return "".join(character if character.isalnum() or character in ".-" else "-" for character in host)
