"""What HAR 1.2 asks of a document, as complaints: each field that must be there, its kind, and what it may be.

<http://www.softwareishard.com/blog/har-12-spec/>. Fields of one's own begin with an underscore.
"""

from __future__ import annotations

__all__ = ["complaints"]

import ipaddress
from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import urlsplit


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= -1


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and value >= 0


def _is_phase(value: object) -> bool:
    return _is_duration(value) or value == -1


def _is_moment(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None and "T" in value
    except ValueError:
        return False


def _is_url(value: object) -> bool:
    if not isinstance(value, str):
        return False
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _is_address(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


Shape = Callable[[object], bool] | list["Shape"] | dict[str, "Shape"]

_PAIR: Shape = {"name": _is_text, "value": _is_text}
_ENTRY: Shape = {
    "startedDateTime": _is_moment,
    "time": _is_duration,
    "request": {
        "method": lambda value: isinstance(value, str) and value.isupper(),
        "url": _is_url,
        "httpVersion": _is_text,
        "cookies": [_PAIR],
        "headers": [_PAIR],
        "queryString": [_PAIR],
        "headersSize": _is_size,
        "bodySize": _is_size,
    },
    "response": {
        "status": _is_size,
        "statusText": _is_text,
        "httpVersion": _is_text,
        "cookies": [_PAIR],
        "headers": [_PAIR],
        "content": {"size": _is_duration, "mimeType": _is_text},
        "redirectURL": _is_text,
        "headersSize": _is_size,
        "bodySize": _is_size,
    },
    "cache": {},
    "timings": {
        "blocked": _is_phase,
        "dns": _is_phase,
        "connect": _is_phase,
        "ssl": _is_phase,
        "send": _is_duration,
        "wait": _is_duration,
        "receive": _is_duration,
    },
    "serverIPAddress": _is_address,
    "connection": lambda value: isinstance(value, str) and value.isdigit(),
}
_DOCUMENT: Shape = {
    "log": {
        "version": lambda value: value == "1.2",
        "creator": {"name": _is_text, "version": _is_text},
        "pages": [{}],
        "entries": [_ENTRY],
    }
}


def complaints(document: object) -> list[str]:
    """What is wrong with a HAR document; nothing, if it is one."""
    found = list(_wrong(document, _DOCUMENT, ""))
    return found or list(_wrong_sums(document))


def _wrong(value: object, shape: Shape, path: str) -> Iterator[str]:
    if isinstance(shape, dict):
        yield from _wrong_object(value, shape, path)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        for number, item in enumerate(value):
            yield from _wrong(item, shape[0], f"{path}[{number}]")
    elif not shape(value):
        yield f"{path} is {value!r}"


def _wrong_object(value: object, shape: dict[str, Shape], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is no object"
        return
    for name, inner in shape.items():
        if name in value:
            yield from _wrong(value[name], inner, f"{path}.{name}")
        else:
            yield f"{path}.{name} is missing"
    yield from (f"{path}.{name} is nobody's" for name in value if name not in shape and not name.startswith("_"))


def _wrong_sums(document: object) -> Iterator[str]:
    """An entry's time is the sum of its phases, of which TLS is a part of connecting; entries are in order."""
    assert isinstance(document, dict)
    entries = document["log"]["entries"]
    for number, entry in enumerate(entries):
        phases = entry["timings"]
        whole = sum(ms for name, ms in phases.items() if name != "ssl" and ms >= 0)
        if abs(whole - entry["time"]) > 0.01 or phases["ssl"] > phases["connect"] >= 0:
            yield f"entries[{number}]: its phases are not its time: {entry['time']}, {phases}"
        if entry["response"]["status"] == 0 and not entry.get("_error"):
            yield f"entries[{number}]: nothing came, and nothing says why"
    moments = [datetime.fromisoformat(entry["startedDateTime"]) for entry in entries]
    if moments != sorted(moments):
        yield "the entries are not in the order they began"
