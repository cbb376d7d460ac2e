"""How a registry is to be run: everything that its commands read from their options, as one value.

What it means is `serve`'s and `app`'s; how it is written on a command line, `options`'s.
"""

from __future__ import annotations

__all__ = ["ACCESS_LOGS", "Plan"]

import math

from boxship.errors import InvalidSettings
from boxship.server.page import Page
from boxship.server.registry import Settings
from boxship.value import dataclass, field

ACCESS_LOGS = ("off", "text", "json")
_GRACE = 10.0
_MOST_WORKERS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A registry to run. Plain values only: workers get it as it is.

    Attributes:
        address: where it listens, `HOST:PORT`; port 0 takes a free one.
        folder: where everything is kept; made if need be.
        host_names: names it is reached by, besides those of loopback.
        insecure_http: others than this machine may reach it over plain HTTP.
        workers: how many processes serve.
        tls_cert, tls_key: files in PEM; with them it speaks TLS.
        tls_client_ca: a file in PEM; with it, only those connect who have a certificate of one of its authorities.
        grace: seconds that requests in progress have to finish when it is told to stop.
        access_log: one of `ACCESS_LOGS`.
        metrics: where Prometheus is told of it, `HOST:PORT`; '' is nowhere.
        page: what is served beside it at `/`, for people.
    """

    address: str = "127.0.0.1:5000"
    folder: str = "registry"
    settings: Settings = field(default_factory=Settings)
    host_names: tuple[str, ...] = ()
    insecure_http: bool = False
    workers: int = 1
    tls_cert: str = ""
    tls_key: str = ""
    tls_client_ca: str = ""
    grace: float = _GRACE
    access_log: str = "off"
    metrics: str = ""
    page: Page | None = None

    def __post_init__(self) -> None:
        if bool(self.tls_cert) != bool(self.tls_key):
            missing = "--tls-key" if self.tls_cert else "--tls-cert"
            raise InvalidSettings(
                missing, why="TLS takes a certificate and its key", remedy=f"give {missing} FILE, too"
            )
        if self.tls_client_ca and not self.tls_cert:
            why = "clients show certificates to who has one"
            raise InvalidSettings("--tls-client-ca", why=why, remedy="give --tls-cert FILE and --tls-key FILE, too")
        if not 1 <= self.workers <= _MOST_WORKERS:
            raise InvalidSettings("--workers", why=f"{self.workers} is not between 1 and {_MOST_WORKERS}")
        if not 0 <= self.grace < math.inf:
            raise InvalidSettings("--grace", why=f"{self.grace} is no number of seconds")
        if not self.folder:
            # To `Path` it is the current folder; to whoever wrote it, a variable that should have had something.
            raise InvalidSettings("--disk", why="it names no folder", remedy="give --disk DIR; '.' is this one")

    @property
    def rereads(self) -> bool:
        """Whether there are files that are read again while it serves."""
        chosen = self.settings
        return bool(self.tls_cert or chosen.htpasswd or chosen.grants or chosen.limits or chosen.retention)

    @property
    def scheme(self) -> str:
        """What its address begins with."""
        return "https" if self.tls_cert else "http"
