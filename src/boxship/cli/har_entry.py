"""One entry of a HAR document: a request with its answer, or a connection that came to nothing."""

from __future__ import annotations

__all__ = ["Dial", "Entry", "Name"]

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from boxship.event import Event

_NONE = -1.0  # what HAR writes for a phase that there was not, and for a size that is not known

_Headers = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Name:
    """A host's name that was looked up."""

    began: float
    ms: float = 0.0


@dataclass(slots=True)
class Dial:
    """A connection that was begun by `event`. It becomes `usable`, or `error` says why not."""

    event: Event
    name: Name | None
    connect: float = 0.0
    """With the proxy's part, and without TLS."""
    tls: float = _NONE
    usable: bool = False
    error: str = "nobody waited for its end"
    _since: float = 0.0

    def step(self, event: Event) -> None:
        """Another step begins: a proxy is asked, or TLS."""
        self.usable, self._since = False, event.at

    def done(self, event: Event) -> float:
        """The step has ended, well or with an error: how long it took."""
        self.usable = "error" not in event.facts
        if not self.usable:
            self.error = event.text
        told = event.facts.get("ms")
        return float(told) if isinstance(told, int | float) else (event.at - (self._since or self.event.at)) * 1000

    @property
    def began(self) -> float:
        """When somebody began to wait for it: with its name."""
        return self.name.began if self.name else self.event.at

    def entry(self) -> Entry:
        """The entry of one that came to nothing: nothing was asked over it."""
        facts = self.event.facts
        host, port = str(facts["host"]), str(facts["address"]).rpartition(":")[2]
        url = f"{facts['scheme']}://{f'[{host}]' if ':' in host else host}:{port}/"
        return Entry(
            began=self.event.at,
            method="GET",
            url=url,
            address=str(facts["address"]),
            connection=int(str(facts["connection"])),
            dial=self,
            error=self.error,
        )


@dataclass(slots=True)
class Entry:
    """A request as far as it is known. Times are in milliseconds, but for `began`."""

    began: float
    method: str
    url: str
    address: str
    connection: int
    dial: Dial | None = None
    send: float = 0.0
    wait: float = 0.0
    receive: float = 0.0
    head: int = -1
    body: int = 0
    size: int = -1
    status: int = 0
    reason: str = ""
    http: str = ""
    request_headers: _Headers = ()
    answer_headers: _Headers = ()
    over: bool = False
    error: str = "no answer had come when the command ended"

    def answered(self, event: Event) -> None:
        """The answer's head came, or none did."""
        status = event.facts.get("status", 0)
        self.status = status if isinstance(status, int) else 0
        self.reason, self.http = str(event.facts.get("reason", "")), str(event.facts.get("http", ""))
        self.error, self.over = "" if self.status else event.text, True

    @property
    def started(self) -> float:
        """When somebody began to wait for it: with its connection's name, where it is the first over that."""
        return min(self.began, self.dial.began) if self.dial else self.began

    @property
    def place_in_line(self) -> tuple[float, float]:
        """Where it stands among the entries: several may have waited for one name, and were dialled in an order."""
        return self.started, self.dial.event.at if self.dial else self.began

    def written(self) -> dict[str, object]:
        """The entry as HAR has it."""
        timings = self._timings()
        host, _, port = self.address.rpartition(":")
        return {
            "startedDateTime": datetime.fromtimestamp(self.started, UTC).isoformat(timespec="milliseconds"),
            "time": round(sum(ms for phase, ms in timings.items() if phase != "ssl" and ms > 0), 3),
            "request": self._request(),
            "response": self._response(),
            "cache": {},
            "timings": timings,
            "serverIPAddress": host.strip("[]"),
            "connection": port,  # as Chromium writes and shows it, beside the address; `_connectionId` is its word, too
            "_connectionId": str(self.connection),
            **({"_error": self.error} if self.error else {}),
        }

    def _timings(self) -> dict[str, float]:
        dial = self.dial
        dns, connect, ssl = (dial.name.ms if dial.name else _NONE, dial.connect, dial.tls) if dial else (_NONE,) * 3
        connect += max(0.0, ssl)  # HAR counts TLS as a part of it
        waited = (self.began - dial.began) * 1000 - max(0.0, dns) - connect if dial else _NONE
        return {
            "blocked": round(max(0.0, waited), 3) if dial else _NONE,
            "dns": round(dns, 3),
            "connect": round(connect, 3),
            "ssl": round(ssl, 3),
            "send": round(self.send, 3),
            "wait": round(self.wait, 3),
            "receive": round(self.receive, 3),
        }

    def _request(self) -> dict[str, object]:
        return {
            "method": self.method,
            "url": self.url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(self.request_headers),
            "queryString": _pairs(tuple(map(_query_pair, filter(None, urlsplit(self.url).query.split("&"))))),
            "headersSize": self.head,
            "bodySize": self.body,
        }

    def _response(self) -> dict[str, object]:
        headers = {name.lower(): value for name, value in self.answer_headers}
        return {
            "status": self.status,
            "statusText": self.reason,
            "httpVersion": self.http,
            "cookies": [],
            "headers": _pairs(self.answer_headers),
            "content": {"size": max(0, self.size), "mimeType": headers.get("content-type", "")},
            "redirectURL": headers.get("location", ""),
            "headersSize": -1,
            "bodySize": self.size,
        }


def _pairs(headers: _Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _query_pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name, value
