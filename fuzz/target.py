"""A target: a parser of foreign bytes, and what it promises whatever they are."""

from __future__ import annotations

__all__ = ["HARD", "Target", "Try", "as_text", "sliced", "target"]

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
_SLICE = 7  # bytes: no unit of any format

_MANY, _DIGITS = 1500, 5000  # more than Python goes deep by itself, and than it makes a number of
# What has broken parsers of every language, and what no mutation of small inputs comes to. Of the deep ones, those that
# begin with a tab are no YAML: PyYAML takes a second for them.
HARD = (
    b"",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80\xff",
    b"\t" + b"[" * _MANY,
    b"\t" + b'{"a":' * _MANY,
    b"a = " + b"[" * _MANY,
    b"- " * _MANY,
    b"9" * _DIGITS,
    *(before + b"9" * _DIGITS + after for before, after in ((b'{"a": ', b"}"), (b"a = ", b""), (b"a: ", b""))),
)

Try = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Target:
    """What is tried.

    Attributes:
        name: its corpus's, too.
        attempt: gives the bytes to the parser, and holds the outcome against what it promises.
        errors: those that the parser may raise.
        longest: bytes that are worth trying.
        words: what its language is made of.
    """

    name: str
    attempt: Try
    errors: tuple[type[Exception], ...]
    longest: int
    words: tuple[bytes, ...]

    @property
    def promise(self) -> str:
        """What holds for any bytes, in words."""
        return " ".join((self.attempt.__doc__ or "").split())

    @property
    def room(self) -> str:
        """The module that it is in."""
        return self.attempt.__module__

    @property
    def corpus(self) -> Path:
        """The folder with the inputs that it begins with."""
        return CORPUS / self.name

    def __call__(self, data: bytes) -> None:
        """Try these bytes; raises for a promise that is broken."""
        try:
            self.attempt(data)
        except self.errors as error:
            assert str(error), "an error says what is wrong"


def target(*errors: type[Exception], longest: int = 8192, words: str = "") -> Callable[[Try], Target]:
    """Make a target of a function; `words` are separated by spaces."""

    def made(attempt: Try) -> Target:
        name = attempt.__name__.replace("_", "-")
        return Target(name, attempt, errors, longest, tuple(word.encode() for word in words.split()))

    return made


def as_text(data: bytes) -> str:
    """The bytes as a command line gives them."""
    return data.decode("utf-8", "surrogateescape")


def sliced(data: bytes, size: int = _SLICE) -> Iterator[memoryview]:
    """The bytes as a connection gives them: piece by piece."""
    view = memoryview(data)
    return (view[at : at + size] for at in range(0, len(data), size))
