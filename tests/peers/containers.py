"""podman and buildah with a storage of their own, in a folder (vfs: no mounts), and images built there."""

from __future__ import annotations

__all__ = ["Containers"]

from dataclasses import dataclass
from pathlib import Path

from tests.peers.machine import Machine


@dataclass(frozen=True, slots=True)
class Containers:
    """The images of one user of podman and buildah, which share them."""

    machine: Machine
    folder: Path

    def podman(self, *words: str, stdin: str = "", timeout: float = 60.0) -> str:
        """Return what podman prints."""
        own = (*self._storage, "--tmpdir", str(self.folder / "tmp"))
        return self.machine.run("podman", *own, *words, stdin=stdin, timeout=timeout).strip()

    def buildah(self, *words: str, stdin: str = "", timeout: float = 60.0) -> str:
        """Return what buildah prints."""
        return self.machine.run("buildah", *self._storage, *words, stdin=stdin, timeout=timeout).strip()

    @property
    def _storage(self) -> tuple[str, ...]:
        folders = ("--root", str(self.folder / "root"), "--runroot", str(self.folder / "run"))
        return (*folders, "--storage-driver", "vfs")

    def build(self, name: str, *options: str, layers: int = 1) -> None:
        """Build an image from files of this machine, with so many layers that are the same for the same `layers`."""
        context = self.folder / f"context-{layers}"
        context.mkdir(parents=True, exist_ok=True)
        for number in range(layers):
            (context / f"file-{number}").write_bytes(Path("/etc/services").read_bytes() + bytes([number]) * 1000)
        copies = "".join(f"COPY file-{number} /etc/\n" for number in range(layers))
        (context / "Containerfile").write_text(f'FROM scratch\n{copies}CMD ["/etc/file-0"]\n')
        # Its cache takes an image for another platform's.
        words = ("--isolation", "chroot", "--layers", "--no-cache", "--timestamp", "0", *options)
        self.buildah("build", "--quiet", *words, "--tag", name, str(context))

    def push(self, name: str, *options: str) -> str:
        """Push it with podman; returns the digest that podman says it has at the registry."""
        file = self.folder / "digest"
        self.podman("push", "--quiet", "--tls-verify=false", "--digestfile", str(file), *options, name)
        return file.read_text().strip()

    def pull(self, name: str, *options: str) -> str:
        """Pull it with podman, after all that is here was removed; returns the digest that podman says it has."""
        self.podman("rmi", "--all", "--force")
        self.podman("pull", "--quiet", "--tls-verify=false", *options, name)
        return self.podman("image", "inspect", "--format", "{{.Digest}}", name)
