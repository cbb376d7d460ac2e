"""Challenges: how a registry says which credential it wants (RFC 9110, 11.6.1; distribution's token specification).

Parsed leniently: registries and the proxies before them quote in every way. Choosing a credential is `auth`'s work.
"""

from __future__ import annotations

__all__ = ["Challenge", "parse_challenges", "preferred_challenge", "write_challenge"]

import re
from collections.abc import Iterable, Mapping

from boxship.value import dataclass

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SCHEME = re.compile(rf"\s*({_WORD})(?=\s|,|$)")
# A value: quoted (a missing closing quote ends with the header), or everything up to a comma or a space.
_PARAMETER = re.compile(rf'\s*({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|$)|([^\s,"=][^\s,"]*|))')
_TOKEN68 = re.compile(r"\s+([0-9A-Za-z._~+/-]+=*)\s*(?=,|$)")
_SEPARATOR = re.compile(r"[\s,;]*")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Challenge:
    """A scheme in lower case (`basic`, `bearer`) and its parameters, names in lower case."""

    scheme: str
    parameters: Mapping[str, str]

    @property
    def realm(self) -> str:
        """The realm: a URL for `bearer`, words for `basic`."""
        return self.parameters.get("realm", "")

    def asks_the_same(self, other: Challenge) -> bool:
        """Whether the same would answer both, whatever else they say (`error="invalid_token"`)."""
        return self.scheme == other.scheme and all(
            self.parameters.get(name) == other.parameters.get(name) for name in ("realm", "service", "scope")
        )


def parse_challenges(values: Iterable[str]) -> tuple[Challenge, ...]:
    """Return the challenges in the `WWW-Authenticate` headers `values`, in order; what is no challenge is left out."""
    return tuple(challenge for value in values for challenge in _parse_one(value))


def preferred_challenge(values: Iterable[str]) -> Challenge | None:
    """The challenge to answer: Bearer before Basic, as it can ask for less."""
    wanted = ("bearer", "basic")
    known = (challenge for challenge in parse_challenges(values) if challenge.scheme in wanted)
    return min(known, key=lambda challenge: wanted.index(challenge.scheme), default=None)


def _parse_one(value: str) -> list[Challenge]:
    found: list[Challenge] = []
    position = _skip(value, 0)
    while position < len(value):
        scheme = _SCHEME.match(value, position)
        if not scheme:
            # Not where a scheme stands: a parameter without its scheme, or rubbish. Go on after the next comma.
            comma = value.find(",", position)
            position = _skip(value, comma + 1) if comma >= 0 else len(value)
            continue
        parameters, position = _parameters(value, scheme.end())
        found.append(Challenge(scheme.group(1).lower(), parameters))
    return found


def _parameters(value: str, position: int) -> tuple[dict[str, str], int]:
    token = _TOKEN68.match(value, position)
    if token and not _PARAMETER.fullmatch(token.group()):
        return {}, _skip(value, token.end())
    parameters: dict[str, str] = {}
    position = _skip(value, position)
    while match := _PARAMETER.match(value, position):
        name, quoted, plain = match.groups()
        parameters.setdefault(name.lower(), _ESCAPED.sub(r"\1", quoted) if quoted is not None else plain)
        position = _skip(value, match.end())
    return parameters, position


def _skip(value: str, position: int) -> int:
    separator = _SEPARATOR.match(value, position)
    return separator.end() if separator else position


def write_challenge(scheme: str, **parameters: str) -> str:
    """The `WWW-Authenticate` value that asks for `scheme` with the parameters, quoted."""
    escaped = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in parameters.items()}
    words = ",".join(f'{name}="{value}"' for name, value in escaped.items())
    return f"{scheme} {words}"
