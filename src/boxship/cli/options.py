"""The options that every verb takes, and the client that they describe."""

from __future__ import annotations

__all__ = ["add_common", "add_platform", "client", "read_once", "spelled_out"]

import argparse
import ipaddress
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from boxship.cli.bounds import add_bounds, bounds
from boxship.cli.console import complain, given
from boxship.cli.tracer import Tracer
from boxship.client import Client
from boxship.errors import InvalidSettings
from boxship.settings.flags import read_credential

# Options whose value is optional: it is only ever written with `=`, so that they never eat the next word.
_ALONE = {"--plain-http": "--plain-http=always", "--skip-tls-verify": "--skip-tls-verify=*"}
_LOG_IN = "for example --username alice --password-stdin < password.txt"


def spelled_out(words: Sequence[str]) -> list[str]:
    """The words with options that stand alone given their value."""
    end = words.index("--") if "--" in words else len(words)
    return [_ALONE.get(word, word) if position < end else word for position, word in enumerate(words)]


def add_common(parser: argparse.ArgumentParser, *, header: bool = True) -> None:
    """Add the options of every verb that speaks to a registry, but `--header` where the verb has one of its own."""
    reach = parser.add_argument_group("reaching it")
    reach.add_argument(
        "--plain-http",
        choices=("always", "auto", "never"),
        metavar="[=always|auto|never]",
        help="speak plain HTTP (alone: always); auto prefers TLS and falls back within a few round trips",
    )
    reach.add_argument("--insecure", action="store_true", help="--plain-http=auto without certificate checks")
    reach.add_argument(
        "--skip-tls-verify",
        action="append",
        metavar="[=HOST]",
        help="do not check certificates (alone: of every host that is named)",
    )
    reach.add_argument("--ca-file", metavar="FILE", help="trust these certificate authorities, too")
    reach.add_argument("--cert", metavar="FILE", help="the certificate that says who asks (PEM)")
    reach.add_argument("--key", metavar="FILE", help="its private key, where that is in another file")
    reach.add_argument(
        "--resolve",
        action="append",
        default=[],
        metavar="HOST:PORT:ADDR[:PORT]",
        help="dial this address for that place",
    )
    version = reach.add_mutually_exclusive_group()
    for number in (4, 6):
        words = f"only IPv{number} addresses of names"
        version.add_argument(f"-{number}", dest="ip_version", action="store_const", const=number, help=words)
    if header:
        words = "send this to the hosts that are named (@FILE: the lines of a file)"
        reach.add_argument("--header", action="append", dest="headers", metavar="NAME: VALUE|@FILE", help=words)
    reach.add_argument("--user-agent", metavar="TEXT", help="what boxship calls itself")
    reach.add_argument("--refresh", action="store_true", help="ignore how hosts were reached before, and find out anew")
    parser.set_defaults(headers=[], credential=None)
    access = parser.add_argument_group("credentials (by default, docker's settings)")
    access.add_argument("--username", metavar="NAME")
    password = access.add_mutually_exclusive_group()
    password.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    password.add_argument(
        "--password", metavar="TEXT", help="visible to others on this machine: prefer --password-stdin"
    )
    access.add_argument("--config", metavar="DIR", help="the folder of docker's config.json")
    add_bounds(parser)
    story = parser.add_argument_group("the story")
    story.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="trace every connection and request on stderr; -vv headers, too",
    )
    story.add_argument("-q", "--quiet", action="store_true", help="on a terminal, do not say what is waited for")
    story.add_argument(
        "--trace", metavar="FILE", help="write the trace to a file: JSON lines, or HAR if it is named so"
    )


def add_platform(parser: argparse.ArgumentParser) -> None:
    """Add `--platform`, for verbs that look into indexes."""
    parser.add_argument("--platform", metavar="OS/ARCH[/VARIANT]", help="which of an index's manifests")


@contextmanager
def client(chosen: argparse.Namespace) -> Iterator[Client]:
    """The client that the options describe."""
    skip = chosen.skip_tls_verify or ()
    with (
        Tracer(chosen.verbose, chosen.trace, quiet=chosen.quiet) as tracer,
        Client(
            plain_http=chosen.plain_http,
            insecure=chosen.insecure,
            skip_tls_verify=True if "*" in skip else skip,
            username=chosen.username,
            password=_password(chosen),
            credential=chosen.credential,
            ca_file=chosen.ca_file,
            cert=chosen.cert,
            key=chosen.key,
            headers=_headers(chosen),
            user_agent=chosen.user_agent,
            resolve=dict(map(_resolution, chosen.resolve)),
            ip_version=chosen.ip_version,
            refresh=chosen.refresh,
            config=chosen.config,
            timeout=chosen.timeout,
            bounds=bounds(chosen),
            on_event=tracer,
        ) as made,
    ):
        yield made


def read_once(chosen: argparse.Namespace) -> argparse.Namespace:
    """The same options, for clients that are made one after the other: standard input has a password only once."""
    credential = read_credential(chosen.username, _password(chosen), chosen.credential)
    told = {"credential": credential, "username": None, "password": None, "password_stdin": False}
    return argparse.Namespace(**{**vars(chosen), **told})


def _headers(chosen: argparse.Namespace) -> dict[str, str] | None:
    if not chosen.headers:
        return None
    from boxship.cli.headers import read_headers  # noqa: PLC0415 -- few have any

    return read_headers(chosen.headers)


def _password(chosen: argparse.Namespace) -> str | None:
    told = chosen.password_stdin or chosen.password is not None
    if told != (chosen.username is not None):
        given_one = "--username" if chosen.username is not None else "a password"
        raise InvalidSettings(given_one, why="a user name and a password go together", remedy=_LOG_IN)
    if chosen.password_stdin:
        # The bytes as they are: a password need not be UTF-8.
        password = os.fsdecode(given().buffer.readline()).rstrip("\r\n")
        if not password:
            raise InvalidSettings("--password-stdin", why="standard input has no password", remedy=_LOG_IN)
        return password
    if chosen.password is not None:
        complain("boxship: warning: --password can be seen by others on this machine; prefer --password-stdin")
    told_password: str | None = chosen.password
    return told_password


def _resolution(text: str) -> tuple[tuple[str, int], tuple[str, int]]:
    """`HOST:PORT:ADDR[:PORT]`; an IPv6 address stands in brackets."""
    host, _, rest = text.partition(":") if not text.startswith("[") else text[1:].partition("]:")
    port, _, target = rest.partition(":")
    address, dialled = _target(target, port)
    try:
        ipaddress.ip_address(address)
        place = (host.lower(), _port(port)), (address, _port(dialled))
    except ValueError as error:
        raise _wrong_resolution(text) from error
    if not host:
        raise _wrong_resolution(text)
    return place


def _wrong_resolution(text: str) -> InvalidSettings:
    return InvalidSettings(f"--resolve {text}", why="it is written HOST:PORT:ADDRESS or HOST:PORT:ADDRESS:PORT")


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError(text)
    return port


def _target(text: str, port: str) -> tuple[str, str]:
    if text.startswith("["):
        address, _, rest = text[1:].partition("]")
        return address, rest.removeprefix(":") or port
    address, _, dialled = text.partition(":")
    return address, dialled or port
