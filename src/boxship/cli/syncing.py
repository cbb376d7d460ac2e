"""What `boxship sync` is told, as what is wanted and as the clients that reach it, here or in a worker."""

from __future__ import annotations

__all__ = ["clients_here", "in_a_worker", "once", "written_of"]

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from boxship.cli import console, moving, options
from boxship.cli.access import keyring, read_once
from boxship.cli.tracer import Tracer
from boxship.client import Client
from boxship.credential import Credential
from boxship.errors import InvalidSettings
from boxship.sync.chosen import Dates, Patterns, Tags, TagSet, parse_moment, pattern
from boxship.sync.clients import Clients
from boxship.sync.entries import named_source
from boxship.sync.semver import Range
from boxship.sync.wish import Access, Template, Wish, Written
from boxship.sync.written import parse_written

EXAMPLE = "boxship sync reg.corp/app 'mirror.corp/{repository}' --semver '>=2' --deny '.*-rc.*' --dry-run"
_WORKERS = "log in where the workers are (boxship login), or mount --authfile or --from-secret there"
_FILES = (".yaml", ".yml")
# The options that say which images are wanted, of a source that is no file.
_WISHES = (
    *("repo_allow", "repo_deny", "allow", "deny", "semver", "since", "before"),
    *("platform", "filter", "referrers", "backup"),
)


def written_of(chosen: argparse.Namespace) -> Written:
    """What is wanted: what a file says, or the words; beside a plan, a file says how registries are reached."""
    _refuse_unheard(chosen)
    if chosen.source and _is_file(chosen.source):
        return parse_written(read(chosen.source), chosen.source, target=chosen.target or "", scoped=chosen.scoped)
    if chosen.apply:
        if chosen.source:
            raise InvalidSettings("--apply", why="a plan says what is copied, and nothing else does")
        return Written()
    if not chosen.source or not chosen.target:
        why = "the target is missing" if chosen.source else "nothing says what is wanted"
        raise InvalidSettings("sync", why=why, remedy=f"for example {EXAMPLE}")
    return Written(wishes=(_wish(chosen),))


def _refuse_unheard(chosen: argparse.Namespace) -> None:
    """Words beside a file or a plan that says all of that."""
    names: tuple[str, ...]
    if chosen.apply:
        names, why = (
            (*_WISHES, "prune", "scoped"),
            f"the plan {chosen.apply} says which images, and what becomes of them",
        )
    elif chosen.source and _is_file(chosen.source):
        names, why = _WISHES, f"{chosen.source} says which images, and what becomes of them"
    else:
        names, why = ("scoped",), "only skopeo's file is read so; {registry} in the target says the same"
    for name in names:
        if getattr(chosen, name):
            raise InvalidSettings(f"--{name.replace('_', '-')}", why=why)


def _is_file(text: str) -> bool:
    return Path(text).suffix in _FILES or Path(text).is_file()


def read(name: str, told: str = "") -> str:
    """The text of a file that was named (as `told`), or of standard input for `-`; `InvalidSettings` without one."""
    return console.read(name, told).decode("utf-8", "replace")


def _wish(chosen: argparse.Namespace) -> Wish:
    dates = (None if text is None else parse_moment(text) for text in (chosen.since, chosen.before))
    versions = tuple(map(Range.parse, chosen.semver))
    return Wish(
        source=named_source(chosen.source),
        target=Template(chosen.target),
        repositories=_patterns(chosen.repo_allow, chosen.repo_deny),
        tags=Tags((TagSet(_patterns(chosen.allow, chosen.deny), versions),), Dates(*dates)),
        platforms=moving.platforms(chosen) or (),
        filtered=chosen.filter,
        referrers=chosen.referrers,
        cosign=chosen.referrers,
        backup=Template(chosen.backup) if chosen.backup else None,
    )


def _patterns(allow: list[str], deny: list[str]) -> Patterns:
    return Patterns(tuple(map(pattern, allow)), tuple(map(pattern, deny)))


def once(chosen: argparse.Namespace) -> argparse.Namespace:
    """The same options for many clients: what standard input has is read now."""
    chosen = read_once(chosen)
    if chosen.from_secret == "-":  # noqa: S105 -- standard input
        chosen.from_secret = keyring(chosen)
    return chosen


def clients_here(chosen: argparse.Namespace, access: Mapping[str, Access], tracer: Tracer) -> Clients:
    """The clients that the options describe, and a file in what it says of a registry."""
    return Clients(partial(_client, chosen, tracer), access)


def in_a_worker(chosen: argparse.Namespace, access: Mapping[str, Access]) -> Callable[[], Clients]:
    """What makes them in another process, of files that are there; `InvalidSettings` for a secret among the words.

    What a file says of registries is sent along, but where it says passwords: then it is read there, too.
    """
    told = {
        "--username": chosen.credential or chosen.username or chosen.password or chosen.password_stdin,
        "--header": not all(header.startswith("@") for header in chosen.headers or ()),
        "--from-secret -": chosen.from_secret and not isinstance(chosen.from_secret, str),
    }
    for what in (name for name, is_told in told.items() if is_told):
        raise InvalidSettings(what, why="no credential is sent to the workers of a cluster", remedy=_WORKERS)
    is_secret = any(one.username or one.password for one in access.values())
    words = argparse.Namespace(**{**vars(chosen), "verbose": 0, "trace": None})
    return partial(_made_in_a_worker, words, None if is_secret else dict(access))


def _made_in_a_worker(chosen: argparse.Namespace, access: Mapping[str, Access] | None) -> Clients:
    return clients_here(chosen, _read_there(chosen) if access is None else access, Tracer(0, None, quiet=True))


def _read_there(chosen: argparse.Namespace) -> Mapping[str, Access]:
    try:
        return written_of(chosen).access
    except InvalidSettings as error:
        why = "it says passwords, which are not sent: a worker reads it where it is itself, and cannot"
        remedy = f"mount {chosen.source} there, or keep passwords where the workers log in"
        raise InvalidSettings(error.what, why=f"{why} ({error.why})", remedy=remedy) from error


def _client(chosen: argparse.Namespace, tracer: Tracer, access: Access) -> Client:
    told: dict[str, object] = {}
    if access.username and access.password:
        credential = Credential.password(access.username, access.password, source="what is kept the same")
        told |= {"credential": credential, "from_secret": None, "from_service_account": None}
    if access.skip_tls_verify:
        told["skip_tls_verify"] = ["*"]
    if access.plain_http:
        told["plain_http"] = "always"
    told |= {name: value for name in ("ca_file", "cert", "key") if (value := getattr(access, name))}
    told |= {"requests_per_second": access.requests_per_second, "concurrency": access.concurrency}
    return options.made(argparse.Namespace(**{**vars(chosen), **told}), tracer)
