"""Platforms: `os/architecture[/variant][:os.version]`, as crane and docker write them (image-spec image-index.md)."""

from __future__ import annotations

__all__ = ["Platform"]

from typing import Self

from boxship.errors import InvalidReference
from boxship.value import dataclass

# Go's names for what `uname -m` and Windows call the same machines.
_ARCHITECTURES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "i386": "386",
    "i686": "386",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv7l": "arm/v7",
    "armv6l": "arm/v6",
}
_IMPLIED_VARIANT = {"arm64": "v8", "arm": "v7"}


@dataclass(frozen=True, slots=True)
class Platform:
    """Where an image runs; an empty field is not said."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the platform that `text` writes, or raise `InvalidReference`."""
        words, _, version = text.partition(":")
        parts = words.split("/")
        if not 2 <= len(parts) <= 3 or not all(parts):
            raise InvalidReference(
                text, (0, len(text)), why="a platform is os/architecture[/variant]", remedy="for example linux/amd64"
            )
        system, architecture, variant = (*parts, "")[:3]
        return cls(system, architecture, variant, version)

    @classmethod
    def here(cls) -> Self:
        """The platform of images for this machine; containers run Linux everywhere but on Windows."""
        import platform  # noqa: PLC0415 -- who names a platform needs no machine

        machine = platform.machine().lower()
        system = "windows" if platform.system() == "Windows" else "linux"
        return cls.parse(f"{system}/{_ARCHITECTURES.get(machine, machine)}")

    def satisfies(self, wanted: Platform) -> bool:
        """Whether an image for this platform is what `wanted` asks for; what either does not say matches.

        An image for arm that does not say its variant is for the usual one.
        """
        variant = self.variant or _IMPLIED_VARIANT.get(self.architecture, "")
        return (
            (self.os, self.architecture) == (wanted.os, wanted.architecture)
            and _agree(variant, wanted.variant)
            and _agree(self.os_version, wanted.os_version)
        )

    def __str__(self) -> str:
        words = "/".join(filter(None, (self.os, self.architecture, self.variant)))
        return f"{words}:{self.os_version}" if self.os_version else words


def _agree(one: str, other: str) -> bool:
    return not one or not other or one == other
