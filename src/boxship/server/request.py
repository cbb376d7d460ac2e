"""Requests as values: what an ASGI scope says, within the limits that hold on every route.

Which action a request asks for is `routes`'s decision, whether its sender may ask at all `origin`'s.
"""

from __future__ import annotations

__all__ = ["Request", "called", "check_head", "check_repository", "parse_digest", "parse_query", "read_path"]

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from boxship.digest import Digest
from boxship.errors import InvalidReference
from boxship.server.access.rights import NOBODY, Caller
from boxship.server.answer import Refusal
from boxship.server.asgi import Scope
from boxship.server.body import Body
from boxship.value import dataclass, field
from boxship.wire.grammar import is_repository

_LONGEST_PATH = 2 * 1024
_LONGEST_QUERY = 8 * 1024  # as many tags as a push may have, and as long
_LONGEST_HEAD = 32 * 1024
_MOST_PARAMETERS = 64
_MOST_COMPONENTS = 32
_LONGEST_COMPONENT = 128

# What stands in no name, tag, digest or session. Servers hand paths on as they came, so dots are not resolved.
_UNSAFE = re.compile(rb"//|/\.{1,2}(?:/|$)|[^\x21-\x7e]|[\\%]")
# PostgreSQL's text has none, and no name, tag or type.
_NUL = re.compile(rb"%00|\x00")
# What clients' libraries escape in a digest, although they need not (RFC 3986, 3.3).
_HOST = re.compile(r"[A-Za-z0-9.:_\[\]-]{1,300}")
_ESCAPED_IN_DIGESTS = ((b"%3A", b":"), (b"%3a", b":"), (b"%2B", b"+"), (b"%2b", b"+"), (b"%3D", b"="), (b"%3d", b"="))

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its method, the names in its path, its query, headers and body.

    Attributes:
        repository: the repository in the path, or '' where the route has none.
        name: the last name in the path: a tag, a digest, or an upload's session.
        caller: who asks. That they may have what the path names is decided before there is a request.
        client: whom it counts for, where clients are bounded: a user or an address; '' is nobody who is counted.
    """

    method: str
    path: str
    repository: str
    name: str
    query: Mapping[str, Sequence[str]]
    headers: Headers = field(repr=False)
    body: Body = field(repr=False)
    caller: Caller = NOBODY
    client: str = ""

    def header(self, name: bytes) -> str:
        """The header `name` (in lower case); values that came apart are joined, '' where there is none."""
        return ", ".join(value.decode("latin-1") for key, value in self.headers if key == name)

    def parameter(self, name: str) -> str | None:
        """The first value of a parameter of the query, or None where it is not given."""
        values = self.query.get(name)
        return values[0] if values else None

    def digest(self) -> Digest:
        """The digest that the path ends with."""
        return parse_digest(self.name)

    def digest_parameter(self, name: str) -> Digest | None:
        """The digest that a parameter of the query gives, or None where it is not given."""
        text = self.parameter(name)
        return None if text is None else parse_digest(text)


def parse_digest(text: str) -> Digest:
    """The digest that `text` writes; anything else is refused."""
    try:
        return Digest.parse(text)
    except InvalidReference as error:
        raise Refusal(400, "DIGEST_INVALID", error.why) from error


def called(scope: Scope) -> str:
    """How the client reaches the registry, as far as it says: `http://HOST`."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    return f"{scope.get('scheme', 'http')}://{host if _HOST.fullmatch(host) else ''}"


def read_path(scope: Scope) -> str:
    """The path as it was sent, if it may name anything; only digests may have something escaped."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    if len(raw) > _LONGEST_PATH:
        raise Refusal(414, "NAME_INVALID", "the path is too long", headers={"connection": "close"})
    if b"%" in raw:
        raw = _unescape_digest(raw)
    if _UNSAFE.search(raw):
        raise Refusal(400, "NAME_INVALID", "the path has characters that no name has")
    return raw.decode("ascii")


def check_repository(name: str) -> None:
    """Refuse what is no repository's name, or a longer one than other stores could keep."""
    components = name.split("/")
    if len(components) > _MOST_COMPONENTS or max(map(len, components)) > _LONGEST_COMPONENT:
        raise Refusal(400, "NAME_INVALID", "the repository's name is too long")
    if not is_repository(name):
        raise Refusal(400, "NAME_INVALID", "this is no name of a repository")


def _unescape_digest(raw: bytes) -> bytes:
    names, slash, last = raw.rpartition(b"/")
    for escaped, character in _ESCAPED_IN_DIGESTS:
        last = last.replace(escaped, character)
    return names + slash + last


def check_head(scope: Scope) -> None:
    """Refuse a head that is larger than any client's, or addressed to two hosts, or to none."""
    headers: Headers = scope["headers"]
    if sum(len(name) + len(value) for name, value in headers) > _LONGEST_HEAD:
        raise Refusal(431, "UNSUPPORTED", "the headers are too large", headers={"connection": "close"})
    hosts = [value for name, value in headers if name == b"host"]
    # RFC 9112, 3.2: somebody before us may have believed the other one. HTTP/1.0 may leave it out, which granian
    # shows as an empty one.
    if len(hosts) > 1 or (not any(hosts) and scope.get("http_version", "1.1") == "1.1"):
        raise Refusal(400, "UNSUPPORTED", "a request has one Host", headers={"connection": "close"})


def parse_query(query: bytes, *, most: int = _MOST_PARAMETERS) -> Mapping[str, Sequence[str]]:
    """The parameters of a query, so many at most, with every value of each."""
    if not query:
        return {}
    if len(query) > _LONGEST_QUERY:
        raise Refusal(414, "UNSUPPORTED", "the query is too long", headers={"connection": "close"})
    if _NUL.search(query):
        raise Refusal(400, "UNSUPPORTED", "the query has a NUL, which no name, tag or type has")
    try:
        return parse_qs(query.decode("latin-1"), keep_blank_values=True, max_num_fields=most)
    except ValueError as error:
        raise Refusal(414, "UNSUPPORTED", "the query has too many parameters") from error
