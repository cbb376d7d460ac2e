"""Where a machine keeps the settings of the programs that speak to registries: its own and the user's folders."""

from __future__ import annotations

__all__ = ["ROOT", "Machine", "home_folder"]

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from boxship.value import dataclass

ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Machine:
    """The folders that settings are looked for in.

    Attributes:
        etc: the machine's own settings.
        home: the user's home.
        config: what `XDG_CONFIG_HOME` says, else `.config` at home.
        cache: what `XDG_CACHE_HOME` says, else `.cache` at home.
    """

    etc: Path
    home: Path
    config: Path
    cache: Path
    environment: Mapping[str, str]
    windows: bool = False
    """Whether it has Windows' folders instead."""

    @classmethod
    def of(cls, environment: Mapping[str, str], *, windows: bool = os.name == "nt") -> Self:
        """The machine as the environment has it."""
        home = Path(home_folder(environment))
        config = _told(environment, "XDG_CONFIG_HOME") or home / ".config"
        cache = _told(environment, "XDG_CACHE_HOME") or home / ".cache"
        return cls(ROOT / "etc", home, config, cache, environment, windows)

    @property
    def docker(self) -> Path:
        """Where docker's daemon has its settings."""
        programs = self.environment.get("PROGRAMDATA", r"C:\ProgramData")
        return Path(programs, "docker") if self.windows else self.etc / "docker"


def home_folder(environment: Mapping[str, str]) -> str:
    """The user's home: `HOME`, else what the system says."""
    if home := environment.get("HOME"):
        return home
    try:
        return str(Path.home())
    except RuntimeError:
        return "/"  # a container's user without an entry in passwd


def _told(environment: Mapping[str, str], name: str) -> Path | None:
    folder = Path(environment.get(name, ""))
    return folder if folder.is_absolute() else None  # the XDG specification: relative ones are ignored
