"""`boxship api`: a request of one's own, for what curl was used for."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import sys
from pathlib import Path

from boxship.cli import console, options
from boxship.errors import InvalidReference, InvalidSettings
from boxship.registry.remote import error_of
from boxship.transport.connection import Response

SUMMARY = "Send a request with boxship's credentials and rules; the answer's body goes to stdout."
EXAMPLE = "boxship api GET 127.0.0.1:5000/v2/_catalog"
_BUFFER = 1024 * 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("method")
    parser.add_argument("url", help="host and path, for example reg.corp/v2/")
    parser.add_argument("-H", "--header", action="append", default=[], metavar="NAME: VALUE")
    parser.add_argument("-d", "--data", metavar="TEXT|@FILE|-", help="the body: a text, a file's content, or stdin's")
    parser.add_argument("-i", "--include", action="store_true", help="print the status and the headers, too")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Send the request."""
    scheme, mark, rest = chosen.url.rpartition("://")
    host, slash, path = rest.partition("/")
    if not slash:
        end = len(chosen.url)
        raise InvalidReference(chosen.url, (end, end), why="a path is missing", remedy=f"for example {chosen.url}/v2/")
    headers = dict(map(_header, chosen.header))
    with (
        options.client(chosen) as client,
        client.api(
            chosen.method, scheme + mark + host, f"/{path}", body=_body(chosen.data), headers=headers
        ) as response,
    ):
        if chosen.include:
            console.say(f"{response.status} {response.head.reason}")
            console.say(*(console.one_line(f"{name}: {value}") for name, value in response.head.headers.items()), "")
        _copy(response)
        return 0 if response.status < 400 else error_of(chosen.url, response.head, b"").exit_status


def _copy(response: Response) -> None:
    response.stream()
    view = memoryview(bytearray(_BUFFER))
    while count := response.readinto(view):
        console.output().write(view[:count])
    console.output().flush()


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise InvalidSettings(f"--header {text}", why="a header is written NAME: VALUE")
    return name.strip(), value.strip()


def _body(data: str | None) -> bytes | None:
    if data == "-":
        return sys.stdin.buffer.read()
    if data and data.startswith("@"):
        try:
            return Path(data[1:]).read_bytes()
        except OSError as error:
            raise InvalidSettings(f"--data {data}", why=error.strerror or str(error)) from error
    return data.encode() if data is not None else None
