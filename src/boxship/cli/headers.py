"""Headers on the command line: `--header "NAME: VALUE"`, or `--header @FILE` for what others are not to see."""

from __future__ import annotations

__all__ = ["parse_header", "read_headers"]

from collections.abc import Iterable, Iterator
from pathlib import Path

from boxship.cli.console import complain
from boxship.errors import InvalidSettings


def read_headers(told: Iterable[str]) -> dict[str, str]:
    """The headers that the options tell; what is said of one name several times is one value (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for name, value in map(parse_header, _lines(told)):
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def parse_header(text: str) -> tuple[str, str]:
    """The name and the value in `NAME: VALUE`."""
    name, colon, value = text.partition(":")
    if not colon:
        # Not what was written: it may be a secret.
        raise InvalidSettings("--header", why="a header is written NAME: VALUE")
    return name.strip(), value.strip()


def _lines(told: Iterable[str]) -> Iterator[str]:
    visible = False
    for text in told:
        if text.startswith("@"):
            yield from _in_file(text[1:])
        else:
            visible = True
            yield text
    if visible:
        complain("boxship: warning: --header can be seen by others on this machine; prefer --header @FILE")


def _in_file(file: str) -> list[str]:
    try:
        lines = Path(file).read_text("utf-8").splitlines()
    except OSError as error:
        raise InvalidSettings(f"--header @{file}", why=error.strerror or str(error)) from error
    except UnicodeDecodeError:
        # Not chained: the error has the file's content in it.
        raise InvalidSettings(f"--header @{file}", why="it is not UTF-8") from None
    return [line for line in lines if line.strip()]
