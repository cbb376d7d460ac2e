"""The options that every verb takes, and the client that they describe."""

from __future__ import annotations

__all__ = ["add_common", "add_platform", "client", "made", "number", "some_of", "spelled_out", "verb_first"]

import argparse
import ipaddress
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from boxship.cli.access import add_access, keyring, password
from boxship.cli.bounds import add_bounds, bounds
from boxship.cli.named import look_for
from boxship.cli.tracer import Tracer
from boxship.client import Client
from boxship.errors import InvalidSettings
from boxship.settings.trust import TLS_VERSIONS

if TYPE_CHECKING:
    from boxship.cli.progress import Progress
    from boxship.event import Listener

# Options whose value is optional: it is only ever written with `=`, so that they never eat the next word.
_VALUES = {"plain-http": "always", "skip-tls-verify": "*"}
_OWN = "--from-service-account"
_ALONE = {_OWN: f"{_OWN}="} | {
    f"--{side}{word}": f"--{side}{word}={value}" for side in ("", "from-", "to-") for word, value in _VALUES.items()
}
_ALONE["--flatten"] = "--flatten=true"
_FOREIGN = "--allow-nondistributable-artifacts"
# What crane takes in front of the verb, too.
_IN_FRONT = frozenset({"--insecure", "--verbose", "-v", "-vv", _FOREIGN})
_PLATFORM = "--platform"
_MOST = 10**9 - 1  # of what has no bound of its own


def verb_first(words: Sequence[str]) -> list[str]:
    """The words with the options that stand in front of the verb behind it."""
    at = 0
    while at < len(words) and (words[at] in _IN_FRONT or words[at].partition("=")[0] == _PLATFORM):
        at += 2 if words[at] == _PLATFORM else 1
    rest = list(words[at:])
    end = rest.index("--") if "--" in rest else len(rest)
    return [*rest[:end], *words[:at], *rest[end:]] if rest else list(words)


def spelled_out(words: Sequence[str]) -> list[str]:
    """The words with options that stand alone given their value."""
    end = words.index("--") if "--" in words else len(words)
    return [_ALONE.get(word, word) if position < end else word for position, word in enumerate(words)]


def add_common(parser: argparse.ArgumentParser, *, header: bool = True, user: bool = True) -> None:
    """Add the options of every verb that speaks to a registry, but for `--header` and `-u` where a verb has its own."""
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
    reach.add_argument("--ca-file", metavar="FILE|DIR", help="trust these certificate authorities, too")
    reach.add_argument("--cert", metavar="FILE", help="the certificate that says who asks (PEM)")
    reach.add_argument("--key", metavar="FILE", help="its private key, where that is in another file")
    reach.add_argument("--tls-min", choices=TLS_VERSIONS, help="the oldest version of TLS that is spoken")
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
    parser.set_defaults(headers=[], requests_per_second=None, concurrency=None)
    add_access(parser, short=user)
    add_bounds(parser)
    _add_cranes(parser)
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


def _add_cranes(parser: argparse.ArgumentParser) -> None:
    """Add what crane takes with every verb, where it says nothing, as it does there."""
    told = parser._option_string_actions
    if _PLATFORM not in told:
        parser.add_argument(_PLATFORM, dest="no_platform", help=argparse.SUPPRESS)
    if _FOREIGN not in told:
        parser.add_argument(_FOREIGN, dest="nondistributable", action="store_true", help=argparse.SUPPRESS)


def add_platform(parser: argparse.ArgumentParser) -> None:
    """Add `--platform`, for verbs that look into indexes."""
    parser.add_argument("--platform", metavar="OS/ARCH[/VARIANT]", help="which of an index's manifests")


def number(least: int, most: int = _MOST) -> Callable[[str], int]:
    """What reads an option's word as a whole number, from `least` to `most`."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            words = "on" if most == _MOST else f"to {most}"
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {least} {words}")
        return int(text)

    return read


def some_of(known: Collection[str]) -> Callable[[str], frozenset[str]]:
    """What reads an option's words, with commas between them, each of which is known."""

    def read(text: str) -> frozenset[str]:
        words = frozenset(text.split(","))
        if wrong := sorted(words.difference(known)):
            raise argparse.ArgumentTypeError(f"{wrong[0]!r} is none of {', '.join(known)}")
        return words

    return read


@contextmanager
def client(chosen: argparse.Namespace, *, progress: Progress | None = None) -> Iterator[Client]:
    """The client that the options describe; `progress` hears of it, too."""
    with (
        Tracer(chosen.verbose, chosen.trace, quiet=chosen.quiet, progress=progress) as tracer,
        made(chosen, tracer) as client,
    ):
        yield client


def made(chosen: argparse.Namespace, listener: Listener) -> Client:
    """The client that the options describe, to be closed; `listener` hears of all that it does.

    `InvalidSettings` where they name a file that is not there.
    """
    look_for(chosen)
    skip = chosen.skip_tls_verify or ()
    return Client(
        plain_http=chosen.plain_http,
        insecure=chosen.insecure,
        skip_tls_verify=True if "*" in skip else skip,
        username=chosen.username,
        password=password(chosen),
        credential=chosen.credential,
        config=chosen.config,
        authfile=chosen.authfile,
        pull_secrets=keyring(chosen),
        preemptive=chosen.preemptive,
        ca_file=chosen.ca_file,
        cert=chosen.cert,
        key=chosen.key,
        headers=_headers(chosen),
        user_agent=chosen.user_agent,
        resolve=dict(map(_resolution, chosen.resolve)),
        ip_version=chosen.ip_version,
        requests_per_second=chosen.requests_per_second,
        concurrency=chosen.concurrency,
        refresh=chosen.refresh,
        timeout=chosen.timeout,
        bounds=bounds(chosen),
        on_event=listener,
    )


def _headers(chosen: argparse.Namespace) -> dict[str, str] | None:
    if not chosen.headers:
        return None
    from boxship.cli.headers import read_headers  # noqa: PLC0415 -- few have any

    return read_headers(chosen.headers)


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
