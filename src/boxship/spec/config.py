"""Image configurations (image-spec config.md)."""

from __future__ import annotations

__all__ = ["LONGEST_CONFIG", "Config"]

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from boxship.platform import Platform
from boxship.spec.fields import parse_object
from boxship.value import dataclass, field

LONGEST_CONFIG = 8 * 1024 * 1024  # bytes of one that is read into memory: nobody's is near it


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A view of a configuration's bytes: what runs, how, and on which platform."""

    raw: bytes = field(repr=False)
    platform: Platform
    created: str = ""
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)
    diff_ids: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Return the configuration in `raw`, or raise `Malformed`."""
        fields = parse_object(raw)
        run = fields.object("config")
        return cls(
            raw=raw,
            platform=fields.platform(),
            created=fields.text("created"),
            env=run.texts("Env"),
            entrypoint=run.texts("Entrypoint"),
            cmd=run.texts("Cmd"),
            user=run.text("User"),
            working_dir=run.text("WorkingDir"),
            labels=MappingProxyType(run.mapping("Labels")),
            diff_ids=fields.object("rootfs").texts("diff_ids"),
        )
