"""`boxship api`: a request of one's own, for what curl was used for."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import os
import re
from pathlib import Path

from boxship.cli import console, options
from boxship.cli.headers import parse_header
from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import Registry
from boxship.registry.remote import error_of
from boxship.transport.response import Response

SUMMARY = "Send a request with boxship's credentials and rules; the answer's body goes to stdout."
EXAMPLE = "boxship api GET 127.0.0.1:5000/v2/_catalog"
_SCHEME = re.compile(r"[^/]*://")
_BUFFER = 1024 * 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("method")
    parser.add_argument("url", help="host and path, for example reg.corp/v2/")
    parser.add_argument("-H", "--header", action="append", default=[], metavar="NAME: VALUE")
    parser.add_argument("-d", "--data", metavar="TEXT|@FILE|-", help="the body: a text, a file's content, or stdin's")
    parser.add_argument("-i", "--include", action="store_true", help="print the status and the headers, too")
    options.add_common(parser, header=False)


def run(chosen: argparse.Namespace) -> int:
    """Send the request."""
    registry, path = _parts(chosen.url)
    headers = dict(map(parse_header, chosen.header))
    with (
        options.client(chosen) as client,
        client.api(chosen.method, registry, path, body=_body(chosen.data), headers=headers) as response,
    ):
        if chosen.include:
            console.say(f"{response.status} {response.head.reason}")
            console.say(*(console.one_line(f"{name}: {value}") for name, value in response.head.headers.items()), "")
        _copy(response)
        return 0 if response.status < 400 else error_of(chosen.url, response.head, b"").exit_status


def _parts(url: str) -> tuple[Registry, str]:
    """The registry and the path; a query may have a URL in it."""
    scheme = _SCHEME.match(url)
    start = scheme.end() if scheme else 0
    host, slash, path = url[start:].partition("/")
    registry = Registry.parse(url[:start] + host)
    if not slash:
        raise InvalidReference(url, (len(url), len(url)), why="a path is missing", remedy=f"for example {url}/v2/")
    return registry, f"/{path}"


def _copy(response: Response) -> None:
    response.stream()
    view = memoryview(bytearray(_BUFFER))
    while count := response.readinto(view):
        console.write(view[:count])


def _body(data: str | None) -> bytes | None:
    if data == "-":
        return console.given().buffer.read()
    if data and data.startswith("@"):
        try:
            return Path(data[1:]).read_bytes()
        except OSError as error:
            raise InvalidSettings(f"--data {data}", why=error.strerror or str(error)) from error
    return os.fsencode(data) if data is not None else None  # the bytes as they were written
