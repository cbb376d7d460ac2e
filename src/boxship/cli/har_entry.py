"""One entry of a HAR document: a request with its answer, or a connection that came to nothing."""

from __future__ import annotations

__all__ = ["entry"]

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from boxship.event import Fact
from boxship.hop import Hop, Layer
from boxship.timeline import Told

_NONE = -1.0  # what HAR writes for a phase that there was not, and for a size that is not known
_UNFINISHED = "no answer had come when the command ended"
_LEFT = "nobody waited for its end"
_ANSWERS = ("Request", "RequestFailed", "PlainAnswer")

_Headers = tuple[tuple[str, str], ...]


def entry(told: Told) -> dict[str, object]:
    """The entry as HAR has it; times are in milliseconds."""
    hop, timings, error = told.hop, _timings(told), _error(told)
    host, _, port = hop.address.rpartition(":")
    return {
        "startedDateTime": datetime.fromtimestamp(told.began, UTC).isoformat(timespec="milliseconds"),
        "time": round(sum(ms for phase, ms in timings.items() if phase != "ssl" and ms > 0), 3),
        "request": _request(told),
        "response": _response(told),
        "cache": {},
        "timings": timings,
        "serverIPAddress": host.strip("[]"),
        "connection": port,  # as Chromium writes and shows it, beside the address; `_connectionId` is its word, too
        "_connectionId": str(hop.connection),
        **({"_error": error} if error else {}),
    }


def _error(told: Told) -> str:
    """Why there is no answer, in the story's own words."""
    if told.hop.status:
        return ""
    over = [event.text for event in told.events if event.name in _ANSWERS or "error" in event.facts]
    return over[-1] if over else _UNFINISHED if told.hop.method else _LEFT


def _timings(told: Told) -> dict[str, float]:
    hop = told.hop
    lasted: dict[Layer, float] = {}
    for phase in hop.phases:  # two of TLS where a proxy speaks it, too
        lasted[phase.layer] = lasted.get(phase.layer, 0.0) + phase.ms
    ssl, send = lasted.get(Layer.TLS, _NONE), _number(told, "send", "WroteRequest")
    # HAR counts TLS as a part of connecting, as it does what a proxy is asked.
    connect = sum(lasted.get(layer, 0.0) for layer in (Layer.TCP, Layer.PROXY, Layer.TLS))
    timings = {
        "blocked": _NONE if hop.reused else _between(hop),
        "dns": lasted.get(Layer.NAMES, _NONE),
        "connect": _NONE if hop.reused else connect,
        "ssl": ssl,
        "send": send,
        "wait": max(0.0, lasted.get(Layer.FIRST_BYTE, 0.0) - send),
        "receive": lasted.get(Layer.TRANSFER, 0.0),
    }
    return {name: round(ms, 3) for name, ms in timings.items()}


def _between(hop: Hop) -> float:
    """How long none of its layers was waited for before it was asked."""
    pairs = zip(hop.phases, hop.phases[1:], strict=False)
    return sum(max(0.0, after.start - before.end) for before, after in pairs if after.layer is not Layer.TRANSFER)


def _request(told: Told) -> dict[str, object]:
    hop, body = told.hop, int(_number(told, "body", "WroteRequest"))
    url, head = _url(hop), int(_number(told, "bytes", "WroteRequest", or_else=_NONE))
    return {
        "method": hop.method or "GET",
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(_headers(told, "RequestHeaders")),
        "queryString": _pairs(tuple(map(_query_pair, filter(None, urlsplit(url).query.split("&"))))),
        "headersSize": head - body if head > 0 else -1,
        "bodySize": body,
    }


def _url(hop: Hop) -> str:
    """What was asked for; of a connection that nothing was asked over, the root of the place."""
    return hop.url if hop.method else f"{hop.url}:{hop.address.rpartition(':')[2]}/"


def _response(told: Told) -> dict[str, object]:
    size, headers = int(_number(told, "bytes", "AnswerDone", or_else=_NONE)), _headers(told, "AnswerHeaders")
    named = {name.lower(): value for name, value in headers}
    return {
        "status": told.hop.status,
        "statusText": str(_fact(told, "reason", *_ANSWERS) or ""),
        "httpVersion": str(_fact(told, "http", *_ANSWERS) or ""),
        "cookies": [],
        "headers": _pairs(headers),
        "content": {"size": max(0, size), "mimeType": named.get("content-type", "")},
        "redirectURL": named.get("location", ""),
        "headersSize": -1,
        "bodySize": size,
    }


def _facts(told: Told, name: str, *events: str) -> Iterator[Fact]:
    return (event.facts[name] for event in told.events if event.name in events and name in event.facts)


def _fact(told: Told, name: str, *events: str) -> Fact | None:
    return next(_facts(told, name, *events), None)


def _number(told: Told, name: str, event: str, *, or_else: float = 0.0) -> float:
    value = _fact(told, name, event)
    return float(value) if isinstance(value, int | float) else or_else


def _headers(told: Told, event: str) -> _Headers:
    headers = _fact(told, "headers", event)
    return headers if isinstance(headers, tuple) else ()


def _pairs(headers: _Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _query_pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name, value
