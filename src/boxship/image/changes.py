"""What an image is changed to: how it runs, what it says of itself, and what it is for."""

from __future__ import annotations

__all__ = ["FIELDS", "Changes", "Healthcheck", "changed"]

from collections.abc import Mapping, Sequence

from boxship.image.image import Image
from boxship.platform import Platform
from boxship.spec.draft import Draft, Json
from boxship.value import dataclass, field

Texts = Mapping[str, str | None]
"""Values by their names; None takes one away."""

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck:
    """How it is seen whether a container is well (Docker's `HEALTHCHECK`); times in seconds, 0 for docker's own."""

    test: tuple[str, ...]
    interval: float = 0.0
    timeout: float = 0.0
    start_period: float = 0.0
    retries: int = 0

    def json(self) -> Mapping[str, Json]:
        """As it stands in a configuration."""
        times = {"Interval": self.interval, "Timeout": self.timeout, "StartPeriod": self.start_period}
        said: dict[str, Json] = {name: round(seconds * _NANOSECONDS) for name, seconds in times.items() if seconds}
        return {"Test": [*self.test], **said, **({"Retries": self.retries} if self.retries else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to be changed; the rest stays.

    Attributes:
        labels, annotations, env: values by their names; None takes one away.
        entrypoint: what is started; the command is taken away with the old one, as docker does.
        cmd: its arguments, or what is started without one.
        ports: `80/tcp`, those that are added; `volumes` are folders.
        remove_ports, remove_volumes: those that are taken away.
        created: when it was made, as RFC 3339 writes it.
        remove: fields that are taken away, of those named in `FIELDS`.
    """

    labels: Texts = field(default_factory=dict)
    annotations: Texts = field(default_factory=dict)
    env: Texts = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    user: str = ""
    workdir: str = ""
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    remove_ports: tuple[str, ...] = ()
    remove_volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None
    platform: Platform | None = None
    created: str = ""
    remove: frozenset[str] = frozenset()


FIELDS: Mapping[str, str] = {
    "entrypoint": "Entrypoint",
    "cmd": "Cmd",
    "user": "User",
    "workdir": "WorkingDir",
    "ports": "ExposedPorts",
    "volumes": "Volumes",
    "labels": "Labels",
    "env": "Env",
    "stop-signal": "StopSignal",
    "healthcheck": "Healthcheck",
}
"""What can be taken away as a whole, with the field of the configuration that says it."""


def changed(image: Image, changes: Changes) -> Image:
    """The image after these changes."""

    def describe(config: Draft) -> None:
        _run(config, changes)
        if changes.platform:
            _platform(config, changes.platform)
        if changes.created:
            config.set("created", changes.created)

    annotated = image.with_manifest(lambda manifest: _annotate(manifest, changes.annotations))
    return annotated.with_config(describe)


def _annotate(manifest: Draft, annotations: Texts) -> None:
    if annotations:
        manifest.update("annotations", annotations)


def _run(config: Draft, changes: Changes) -> None:
    run = config.section("config")
    for name in sorted(changes.remove):
        run.set(FIELDS[name], None)
    if changes.labels:
        run.update("Labels", changes.labels)
    if changes.env:
        windows = config.fields.text("os") == "windows"
        run.set("Env", _environment(run.fields.texts("Env"), changes.env, windows=windows) or None)
    if changes.entrypoint:
        run.set("Entrypoint", changes.entrypoint)
        run.set("Cmd", None)
    for name, value in _values(changes).items():
        if value:
            run.set(name, value)
    _set(run, "ExposedPorts", changes.ports, changes.remove_ports)
    _set(run, "Volumes", changes.volumes, changes.remove_volumes)


def _values(changes: Changes) -> Mapping[str, Json]:
    return {
        "Cmd": changes.cmd,
        "User": changes.user,
        "WorkingDir": changes.workdir,
        "StopSignal": changes.stop_signal,
        "Healthcheck": changes.healthcheck.json() if changes.healthcheck else None,
    }


def _set(run: Draft, name: str, added: Sequence[str], removed: Sequence[str]) -> None:
    """Change a set, which stands as an object of empty objects."""
    if added or removed:
        now = [*run.fields.object(name).values, *added]
        kept: dict[str, Json] = {item: {} for item in sorted(now) if item not in removed}
        run.set(name, kept or None)


def _environment(now: Sequence[str], changes: Texts, *, windows: bool) -> list[str]:
    """The variables in their places, new ones at the end; Windows takes no notice of how names are spelt."""
    left, after = dict(changes), []
    for variable in now:
        name = variable.partition("=")[0]
        if name not in left:
            after.append(variable)
        elif (value := left.pop(name)) is not None:
            after.append(f"{name}={value}")
    return after + [f"{name.upper() if windows else name}={value}" for name, value in left.items() if value is not None]


def _platform(config: Draft, platform: Platform) -> None:
    config.set("architecture", platform.architecture)
    config.set("os", platform.os)
    config.set("variant", platform.variant or None)
    config.set("os.version", platform.os_version or None)
