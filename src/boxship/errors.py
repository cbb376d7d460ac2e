"""Every error that boxship raises, sorted by what the caller can do about it.

    BoxshipError
    ├── InvalidInput (ValueError)      write it differently                        exit 2
    │   ├── InvalidReference           a reference, registry or digest; has a caret
    │   ├── InvalidSettings            a settings file or flag; has file and line
    │   │   └── NothingKept            a log-in was to be done again, and none is kept
    │   └── MissingExtra               an optional part of boxship is not installed
    ├── Unreachable                    no usable connection or answer              exit 5
    │   ├── NameFailed                 the name could not be resolved
    │   ├── ConnectFailed              no address could be connected to
    │   │   ├── TLSFailed              the peer speaks TLS, and not acceptably
    │   │   └── PlainNotPermitted      only plain HTTP is there, and nothing permits it
    │   ├── TimedOut (TimeoutError)    a bound was reached
    │   └── BrokenAnswer               the answer broke off, or is not HTTP
    ├── RegistryError                  the registry answered, and not with what was asked
    │   ├── NotFound (LookupError)     no such repository, tag, manifest or blob   exit 3
    │   ├── Refused                    401 or 403                                  exit 4
    │   ├── RateLimited                429; says when to come back                 exit 7
    │   └── UnexpectedAnswer           not what the specification allows           exit 1
    │       └── Schema1                an image in a form that ended in 2017
    ├── CredentialFailed               a helper or token server did not deliver    exit 4
    ├── ContentMismatch                bytes that do not match                     exit 6
    │   ├── DigestMismatch
    │   └── SizeMismatch
    ├── NameTaken                      something else has the name already         exit 1
    ├── PlanOutdated                   the registry is not as a plan has it        exit 8
    └── Cancelled                      somebody asked to stop                      exit 130

An error has three parts: `what` failed and on which side, `why`, and the `remedy`. `timeline` holds the events that
led to it.
"""

from __future__ import annotations

__all__ = [
    "BoxshipError",
    "BrokenAnswer",
    "Cancelled",
    "ConnectFailed",
    "ContentMismatch",
    "CredentialFailed",
    "DigestMismatch",
    "InvalidInput",
    "InvalidReference",
    "InvalidSettings",
    "MissingExtra",
    "NameFailed",
    "NameTaken",
    "NotFound",
    "NothingKept",
    "PlainNotPermitted",
    "PlanOutdated",
    "RateLimited",
    "Refused",
    "RegistryError",
    "Schema1",
    "SizeMismatch",
    "TLSFailed",
    "TimedOut",
    "UnexpectedAnswer",
    "Unreachable",
]

from typing import ClassVar, Self

from boxship.event import Event
from boxship.seconds import told_by


class BoxshipError(Exception):
    """The root: catch this to catch everything that boxship raises on purpose."""

    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy
        self.timeline: tuple[Event, ...] = ()

    def __str__(self) -> str:
        parts = (self.what, self.why and f": {self.why}", self.remedy and f" ({self.remedy})")
        return "".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        # Facts live in keyword arguments, which pickle cannot guess; worker processes need their errors whole.
        return _rebuild, (type(self), self.what, self.__dict__.copy())

    def during(self, timeline: tuple[Event, ...]) -> Self:
        """This error, with the story that led to it (kept if it has one already)."""
        self.timeline = self.timeline or timeline
        return self


def _rebuild(kind: type[BoxshipError], what: str, facts: dict[str, object]) -> BoxshipError:
    error = kind.__new__(kind)
    error.args = (what,)  # an OSError, which TimedOut is, takes none from __new__
    error.__dict__.update(facts)
    return error


class InvalidInput(BoxshipError, ValueError):
    """What was given cannot be understood; nothing was asked of any registry."""

    exit_status = 2


class InvalidReference(InvalidInput):
    """A reference, registry or digest that is not one; `span` is the part that is wrong."""

    def __init__(self, text: str, span: tuple[int, int], *, why: str, remedy: str = "") -> None:
        super().__init__(f"invalid reference {text!r}", why=why, remedy=remedy)
        self.text, self.span = text, span

    @property
    def caret(self) -> str:
        """The text with `^` marks under the wrong part, on two lines, whatever the text contains."""
        start, end = self.span
        shown = "".join(character if character.isprintable() else "?" for character in self.text)
        return f"{shown}\n{' ' * _columns(shown[:start])}{'^' * max(1, _columns(shown[start:end]))}"


class InvalidSettings(InvalidInput):
    """A settings file or flag that cannot be read; `file` and `line` say where (line 0: the file as a whole)."""

    def __init__(self, file: str, line: int = 0, *, why: str, remedy: str = "") -> None:
        super().__init__(f"{file}:{line}" if line else file, why=why, remedy=remedy)
        self.file, self.line = file, line


class NothingKept(InvalidSettings):
    """No credential is kept for the registry that could be shown to it again."""

    def __init__(self, registry: str) -> None:
        why = f"nothing is kept for {registry} that could be shown again"
        super().__init__("a user name and a password are missing", why=why)


class MissingExtra(InvalidInput):
    """A part of boxship that has dependencies of its own is not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the extra '{extra}'", why="it is not installed", remedy=f"pip install 'boxship[{extra}]'"
        )
        self.extra = extra


class Unreachable(BoxshipError):
    """No usable connection or answer: names, TCP, TLS, time, or a broken answer."""

    exit_status = 5


class NameFailed(Unreachable):
    """The name could not be resolved."""


class ConnectFailed(Unreachable):
    """No address could be connected to; `evidence` has a line for each address and port."""

    def __init__(self, what: str, *, why: str = "", remedy: str = "", evidence: tuple[str, ...] = ()) -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.evidence = evidence


class TLSFailed(ConnectFailed):
    """The peer speaks TLS, and not acceptably: its certificate, name, date, version or an alert."""


class PlainNotPermitted(ConnectFailed):
    """Only plain HTTP is to be had there, and nothing permits what was asked over it."""


class TimedOut(Unreachable, TimeoutError):
    """A bound was reached: `phase`, which lasts `seconds`; `evidence` says what was being tried, if anything was."""

    def __init__(self, what: str, *, phase: str, seconds: float, why: str = "", remedy: str = "") -> None:
        named = f"{phase}; {source}" if (source := told_by(seconds)) else phase
        super().__init__(what, why=why or f"no progress within {seconds:g} s ({named})", remedy=remedy)
        self.phase, self.seconds = phase, seconds
        self.evidence: tuple[str, ...] = ()


class BrokenAnswer(Unreachable):
    """The answer broke off, is not HTTP, or passed a size limit."""


class RegistryError(BoxshipError):
    """The registry answered, and the answer was not what was asked for."""

    def __init__(self, what: str, *, status: int = 0, why: str = "", remedy: str = "") -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.status = status


class NotFound(RegistryError, LookupError):
    """No such repository, tag, manifest or blob (or none that may be seen)."""

    exit_status = 3


class Refused(RegistryError):
    """The registry asks for a credential, or does not accept the one it got (401, 403)."""

    exit_status = 4


class RateLimited(RegistryError):
    """Too many requests, or a server that says when to come back; `retry_after` is that wait, in seconds."""

    exit_status = 7

    def __init__(self, what: str, *, retry_after: float, status: int = 429, why: str = "", remedy: str = "") -> None:
        super().__init__(what, status=status, why=why, remedy=remedy)
        self.retry_after = retry_after


class UnexpectedAnswer(RegistryError):
    """An answer that the specification does not allow: HTML, broken JSON, a loop of pages or redirects."""


class Schema1(UnexpectedAnswer):
    """An image of Docker's schema 1, which is not read: what calls it by a digest means other bytes than are sent."""


class CredentialFailed(BoxshipError):
    """A credential helper or a token server did not deliver, or may not be given a credential."""

    exit_status = 4


class ContentMismatch(BoxshipError):
    """Bytes that are not what they were said to be; none of them was returned as whole content."""

    exit_status = 6


class DigestMismatch(ContentMismatch):
    """The digest of the bytes received is another."""

    def __init__(self, what: str, *, expected: str, actual: str) -> None:
        super().__init__(
            what,
            why=f"expected {expected}, received {actual}",
            remedy="it is damaged where it is kept, or something on the way answers in its place",
        )
        self.expected, self.actual = expected, actual


class SizeMismatch(ContentMismatch):
    """More or fewer bytes than were promised."""

    def __init__(self, what: str, *, expected: int, actual: int) -> None:
        super().__init__(what, why=f"expected {expected} bytes, received {actual}")
        self.expected, self.actual = expected, actual


class NameTaken(BoxshipError):
    """Something else has the name that was to be given, and was to keep it; nothing was copied."""


class PlanOutdated(BoxshipError):
    """The registry is not as it was when a plan was made, and nothing more was done; `changes` has a line for each."""

    exit_status = 8

    def __init__(self, what: str, *, changes: tuple[str, ...]) -> None:
        super().__init__(what, why="; ".join(changes[:3]), remedy="make the plan anew, and review it")
        self.changes = changes


class Cancelled(BoxshipError):
    """Somebody asked to stop: a cancelled task, or `Client.close` from another thread."""

    exit_status = 130


def _columns(text: str) -> int:
    """How wide a terminal shows it: letters of East Asia take two columns, marks upon a letter none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 -- most references are ASCII

    return sum(0 if combining(letter) else 1 + (east_asian_width(letter) in ("W", "F")) for letter in text)
