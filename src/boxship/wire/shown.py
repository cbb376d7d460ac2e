"""What of a message may be shown, in a trace or a log: all but what authenticates."""

from __future__ import annotations

__all__ = ["REMOVED", "shown_headers", "shown_path", "shown_target", "shown_words"]

import re
from collections.abc import Iterable

from boxship.wire.printable import REMOVED, printable

_SECRET_HEADERS = frozenset(
    {
        "authorization",
        "authentication-info",
        "proxy-authorization",
        "proxy-authentication-info",
        "cookie",
        "docker-upload-uuid",
        "set-cookie",
        "x-amz-security-token",
        "x-auth-token",
        "x-registry-auth",
    }
)
_URL_HEADERS = frozenset({"location", "content-location", "referer"})
# What in a URL authenticates: a user's name and password, and a query, which storage services sign.
_USER = r"(?<=//)[^/?#\s\"<>]*@"
_IN_A_URL = re.compile(rf"{_USER}|[?#].*", re.DOTALL)
# The same in a header that has more than a URL: a link, or a challenge's realm.
_AMONG_OTHERS = re.compile(rf"{_USER}|\?[^\s\"<>]*")
# What stands for an upload that is not finished: who has it may write there.
_UPLOAD = re.compile(r"(?<=/blobs/uploads/)[^?#]+|(?<=-uploads/)[^?#]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")


def shown_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The headers, fit for a terminal; values that authenticate are left out."""
    return tuple((printable(name), _shown(name.lower(), value)) for name, value in headers)


def shown_path(target: str) -> str:
    """A request's path without its query, and without what stands for an upload."""
    return _UPLOAD.sub(REMOVED, target.partition("?")[0])


def shown_target(target: str) -> str:
    """The same with the names of its query, without their values."""
    _, asked, query = target.partition("?")
    path = shown_path(target)
    return f"{path}?{'&'.join(map(_shown_part, query.split('&')))}" if asked else path


def shown_words(text: str) -> str:
    """A stranger's words, fit for a terminal; what authenticates in the URLs among them is left out."""
    return printable(_AMONG_OTHERS.sub(REMOVED, text))


def _shown(name: str, value: str) -> str:
    if name in _SECRET_HEADERS:
        return REMOVED
    if name in _URL_HEADERS:
        return printable(_IN_A_URL.sub(REMOVED, _UPLOAD.sub(REMOVED, value)))
    return printable(_AMONG_OTHERS.sub(REMOVED, value))


def _shown_part(part: str) -> str:
    name, assigned, _ = part.partition("=")
    return f"{name}={REMOVED}" if assigned and _NAME.fullmatch(name) else REMOVED
