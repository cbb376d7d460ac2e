"""The options of a registry that runs, in one table, for every command that runs one.

A row names a field of `Plan` or of `Settings`, and nothing else has to know of it. What fields mean is theirs to say.
"""

from __future__ import annotations

__all__ = ["OPTIONS", "Option", "arguments", "look_for_files", "plan"]

import argparse
import math
import os
from collections.abc import Callable, Collection
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.server.plan import ACCESS_LOGS, Plan
from boxship.server.quota import read_size
from boxship.server.registry import Settings
from boxship.server.running.address import at_port
from boxship.value import dataclass, fields

_PORT = "PORT"


@dataclass(frozen=True, slots=True)
class Option:
    """One option: a switch, or one with a value (`metavar`), which may come several times (`several`).

    `is_read`: its value names a file that is read.
    """

    flag: str
    field: str
    help: str
    metavar: str = ""
    read: Callable[[str], object] = str
    choices: Collection[str] = ()
    several: bool = False
    is_read: bool = False

    def add(self, parser: argparse.ArgumentParser) -> None:
        """Let the parser know it. What is not said is not there: `Plan` and `Settings` have the defaults."""
        absent = argparse.SUPPRESS
        if not self.metavar:
            parser.add_argument(self.flag, dest=self.field, action="store_true", default=absent, help=self.help)
            return
        parser.add_argument(
            self.flag,
            dest=self.field,
            metavar=self.metavar,
            type=self.read,
            choices=self.choices or None,
            action="append" if self.several else "store",
            default=absent,
            help=self.help,
        )


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def _size(text: str) -> int:
    size = read_size(text)
    if size is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size, as 50GB is")
    return size


def _url(text: str) -> str:
    if not text:  # the default: as clients write it
        return text
    scheme, told, host = text.removesuffix("/").partition("://")
    # Clients look for /v2/ at the root of a host: no registry is below a path.
    if scheme not in ("http", "https") or not told or not host or set(host) & set('/?#@ "\\'):
        raise argparse.ArgumentTypeError(f"{text!r} is no URL of a registry, as https://reg.corp is")
    return f"{scheme}://{host}"


def _amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount")
    return number


OPTIONS = (
    Option("--address", "address", "port 0 takes a free one (default: 127.0.0.1:5000)", metavar="HOST:PORT"),
    Option("--disk", "folder", "where everything is kept (default: ./registry)", metavar="DIR"),
    Option(
        "--database",
        "database",
        "keep names in PostgreSQL, for several registries: postgresql://USER@HOST/NAME (default: in DIR)",
        metavar="URL",
    ),
    Option(
        "--storage",
        "storage",
        "keep content in an object store, for several registries: s3://BUCKET/PREFIX (default: in DIR)",
        metavar="URL",
    ),
    Option("--s3-endpoint", "s3_endpoint", "where that is (AWS_ENDPOINT_URL, and else AWS)", metavar="URL"),
    Option("--s3-region", "s3_region", "in which region (AWS_REGION)", metavar="NAME"),
    Option("--storage-redirect", "storage_redirect", "send clients to the object store for blobs"),
    Option("--allow-delete", "allow_delete", "let clients delete manifests, tags and blobs"),
    Option("--allow-sparse", "allow_sparse", "take manifests some of whose content is not there"),
    Option("--read-only", "read_only", "let clients pull, and nothing else"),
    Option("--largest-blob", "largest_blob", "the most bytes of a blob (64 GiB)", metavar="BYTES", read=_whole),
    Option(
        "--reserve", "reserve", "bytes of the disk to leave free (1 GiB, or 2 %% of it)", metavar="BYTES", read=_whole
    ),
    Option("--rate", "rate", "requests a second that another machine may ask (any)", metavar="N", read=_amount),
    Option("--in-flight", "in_flight", "requests that it may ask at a time (64; 0: any)", metavar="N", read=_whole),
    Option(
        "--gc-interval",
        "gc_interval",
        "how often what nobody needs is swept (3600; 0: never)",
        metavar="SECONDS",
        read=_amount,
    ),
    Option(
        "--gc-grace", "gc_grace", "how long what no manifest needs is kept (86400)", metavar="SECONDS", read=_amount
    ),
    Option("--gc-untagged", "gc_untagged", "sweep manifests, too, that no tag and no manifest names"),
    Option("--verify-on-read", "verify_on_read", "hash blobs as they are sent, and cut off one that is damaged"),
    Option("--host-name", "host_names", "a name that it is reached by", metavar="NAME", several=True),
    Option("--tls-cert", "tls_cert", "speak TLS: the certificate and its chain (PEM)", metavar="FILE", is_read=True),
    Option("--tls-key", "tls_key", "the key of the certificate (PEM)", metavar="FILE", is_read=True),
    Option(
        "--tls-client-ca",
        "tls_client_ca",
        "serve only those who have a certificate of these authorities (PEM)",
        metavar="FILE",
        is_read=True,
    ),
    Option(
        "--htpasswd",
        "htpasswd",
        "users who may do everything, or what --grants says (htpasswd -B)",
        metavar="FILE",
        is_read=True,
    ),
    Option(
        "--grants", "grants", "what users, and tokens of --oidc-issuer, may do (TOML)", metavar="FILE", is_read=True
    ),
    Option(
        "--oidc-audience",
        "oidc_audience",
        "whom tokens of --oidc-issuer have to be for (the host in --url)",
        metavar="NAME",
    ),
    Option(
        "--anonymous",
        "anonymous",
        "what anybody may do: pull, create (push what is new), push or none; pull:team/** in some repositories only",
        metavar="RIGHT[:PATTERN]",
        several=True,
    ),
    Option(
        "--token-key",
        "token_key",
        "give tokens for passwords, signed with this key (Ed25519, PEM); of several, the first one signs",
        metavar="FILE",
        is_read=True,
        several=True,
    ),
    Option(
        "--url",
        "url",
        "how clients reach it, where that is not what they write (https://reg.corp)",
        metavar="URL",
        read=_url,
    ),
    Option(
        "--immutable",
        "immutable",
        "tags that nobody moves or deletes once they name something: 'v*'",
        metavar="GLOB",
        several=True,
    ),
    Option(
        "--quota",
        "quota_bytes",
        "the most bytes of all repositories, or of those like GLOB together: 50GB, 'team/**=500MiB'",
        metavar="[GLOB=]SIZE",
        several=True,
    ),
    Option("--limits", "limits", "these limits, read again when the file changes (TOML)", metavar="FILE", is_read=True),
    Option(
        "--retention",
        "retention",
        "which tags are kept; the others go with the sweeps (TOML)",
        metavar="FILE",
        is_read=True,
    ),
    Option("--quota-tags", "quota_tags", "the same for tags", metavar="[GLOB=]N", several=True),
    Option("--quota-repositories", "quota_repositories", "and repositories", metavar="[GLOB=]N", several=True),
    Option(
        "--proxy-allow",
        "proxy_allow",
        "bring nothing from upstreams but repositories like this: 'docker.io/library/*'",
        metavar="GLOB",
        several=True,
    ),
    Option(
        "--proxy-fresh",
        "proxy_fresh",
        "how long what an upstream's tag names counts as known (60)",
        metavar="SECONDS",
        read=_amount,
    ),
    Option(
        "--proxy-size", "proxy_size", "the most bytes of upstreams' blobs to keep (any)", metavar="SIZE", read=_size
    ),
    Option(
        "--proxy-age",
        "proxy_age",
        "let go of what nobody asked for in so long (0: never)",
        metavar="SECONDS",
        read=_amount,
    ),
    Option("--insecure-http", "insecure_http", "serve others than this machine, over plain HTTP"),
    Option("--workers", "workers", "how many processes serve (default: 1)", metavar="N", read=int),
    Option("--grace", "grace", "how long a stop waits for what is in progress (10)", metavar="SECONDS", read=_amount),
    Option("--metrics", "metrics", "tell Prometheus at http://HOST:PORT/metrics", metavar="HOST:PORT"),
    Option(
        "--audit-log", "audit_log", "a line of JSON for each change, log-in and refusal, to this file", metavar="FILE"
    ),
    Option(
        "--access-log", "access_log", "a line for each request, to stderr", metavar="text|json", choices=ACCESS_LOGS
    ),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    for option in OPTIONS:
        option.add(parser)


def look_for_files(chosen: argparse.Namespace) -> None:
    """`InvalidSettings` of the first option that names a file which cannot be read."""
    for option in OPTIONS:
        told = getattr(chosen, option.field, []) if option.is_read else []
        for name in [told] if isinstance(told, str) else told:
            try:
                Path(name).open("rb").close()
            except OSError as error:
                raise InvalidSettings(f"{option.flag} {name}".rstrip(), why=error.strerror or str(error)) from error


def plan(chosen: argparse.Namespace) -> Plan:
    """What was chosen; `InvalidSettings` where it does not go together."""
    given = dict(vars(chosen))
    for option in OPTIONS:
        if option.several and option.field in given:
            given[option.field] = tuple(given[option.field])
    if "address" not in given:
        # What platforms that start programs in containers tell them.
        given["address"] = at_port(_PORT, os.environ.get(_PORT, "5000"))
    settings = Settings(**{each.name: given[each.name] for each in fields(Settings) if each.name in given})
    return Plan(settings=settings, **{each.name: given[each.name] for each in fields(Plan) if each.name in given})
