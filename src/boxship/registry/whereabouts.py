"""What a client knows of where registries are: from its flags and the machine's files to sites, ways and sessions."""

from __future__ import annotations

__all__ = ["Whereabouts"]

import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from boxship.connect.deadline import Bounds
from boxship.reference import Reference, Registry
from boxship.seconds import Seconds, told_by
from boxship.settings.ecosystem import Ecosystem
from boxship.settings.hosts import Flags, Site
from boxship.settings.sourced import Sourced
from boxship.value import fields, replace

if TYPE_CHECKING:
    from boxship.registry.ways import Shunned, Ways
    from boxship.settings.endpoint import Endpoint, Endpoints
    from boxship.transport.session import Session

Timeouts = Mapping[str, Sourced[float]]

# What few registries need is imported when one does, as in `client`.
# ruff: noqa: PLC0415


class Whereabouts:
    """Where a client's registries are. Safe to use from several threads."""

    def __init__(
        self, flags: Flags, bounds: Bounds, open_session: Callable[[Bounds], Session], say: Callable[[str], None]
    ) -> None:
        """`say` is told what is odd in a file."""
        self._flags, self._bounds, self._open = flags, bounds, open_session
        self.files = Ecosystem(os.environ, {field.name: getattr(bounds, field.name) for field in fields(Bounds)}, say)
        self._lock = threading.Lock()
        self._sites: dict[tuple[Registry, str], Site] = {}
        self._endpoints: dict[tuple[Registry, str], Endpoints] = {}
        self._ways: dict[Registry, Ways | None] = {}
        self._sessions: dict[Bounds, Session] = {}
        self._shunned: Shunned | None = None

    def site(self, registry: Registry, repository: str = "") -> Site:
        """A registry that the caller names."""
        key = registry, repository
        site = self._sites.get(key)  # many operations are at few registries
        if site is None:
            from boxship.settings.sites import named_site

            site = self._sites[key] = named_site(registry, repository, self._flags, self.files)
        return site

    def endpoints(self, registry: Registry, repository: str) -> Endpoints:
        """Who is asked for a repository."""
        key = registry, repository
        found = self._endpoints.get(key)
        if found is None:
            from boxship.settings.for_reference import for_reference

            reference = Reference(registry, repository)
            found = self._endpoints[key] = for_reference(reference, self._flags, self.files)
        return found

    def ways(self, registry: Registry) -> Ways | None:
        """Where its requests go; None where no file says that that is anywhere else."""
        if registry not in self._ways:
            self._ways[registry] = self._new_ways(registry) if self._is_elsewhere(registry) else None
        return self._ways[registry]

    def session(self, timeouts: Timeouts) -> Session:
        """What sends with these bounds."""
        bounds = self.bounds(timeouts)
        with self._lock:
            if bounds not in self._sessions:
                self._sessions[bounds] = self._open(bounds)
            return self._sessions[bounds]

    def bounds(self, timeouts: Timeouts) -> Bounds:
        """A host's bounds: what the caller chose comes first."""
        own = {name: Seconds(said.value, said.source) for name, said in timeouts.items() if not self._is_told(name)}
        if not own:
            return self._bounds
        if "connect" in own and "connect_all" not in own and not self._is_told("connect_all"):
            own["connect_all"] = Seconds(max(own["connect"], self._bounds.connect_all), told_by(own["connect"]))
        return replace(self._bounds, **own)

    def forget_credentials(self) -> None:
        """Look for credentials anew: what is kept has changed."""
        with self._lock:
            sessions = tuple(self._sessions.values())
        for session in sessions:
            session.forget_credentials()

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            sessions = tuple(self._sessions.values())
        for session in sessions:
            session.close()

    def _is_told(self, name: str) -> bool:
        return bool(told_by(getattr(self._bounds, name)))

    def _is_elsewhere(self, registry: Registry) -> bool:
        files = self.files
        return bool(
            (files.has_containers and files.containers.tables)
            or files.hosts_toml(registry.name)
            or files.registries_yaml
            or (registry.is_docker_hub and files.unsafe.mirrors)
        )

    def _new_ways(self, registry: Registry) -> Ways:
        from boxship.registry.ways import Shunned, Ways

        with self._lock:
            shunned = self._shunned = self._shunned or Shunned()
        return Ways(partial(self.endpoints, registry), self._session_of, shunned)

    def _session_of(self, endpoint: Endpoint) -> Session:
        return self.session(endpoint.timeouts)
