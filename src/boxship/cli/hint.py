"""What an error says at its end: the file that was meant, or the doctor's command, to be pasted."""

from __future__ import annotations

__all__ = ["READS_PLACES", "doctor_command", "file_meant"]

import argparse
import contextlib
import re
import shlex
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from boxship.errors import BoxshipError, InvalidReference
from boxship.event import Event
from boxship.formats.looking import place_at
from boxship.formats.place import Kind, Place
from boxship.hop import Hop, Role
from boxship.reference import DOCKER_HUB, Reference, Registry
from boxship.timeline import timeline

# Where verbs keep what they were given to read and to write, in this order: references, or places.
_REFERENCES = (
    *("reference", "repository", "references", "repositories", "image", "images", "artifact", "remote"),
    *("source", "target", "before", "after", "base", "manifest", "more", "subject", "old_base", "new_base"),
    *("new_tag", "tag", "repo"),
)
# Verbs that read images from files, too.
READS_PLACES = frozenset(
    {"config", "copy", "diff", "digest", "export", "files", "flatten", "history", "inspect", "manifest", "mutate"}
    | {"rebase", "referrers", "tree", "validate"}
)
_ALONE = ("insecure", "password_stdin")
_WITH_VALUE = ("ca_file", "cert", "key", "tls_min", "user_agent", "username", "config", "authfile", "from_secret")
_ABOUT = re.compile(r"v2/(?P<repository>.+?)/(?:manifests/(?P<name>[^/?]+)|(?:blobs|tags|referrers)/)")


def file_meant(error: BoxshipError, chosen: argparse.Namespace) -> str:
    """What to write for a file or a folder that is here, and that was asked of Docker Hub; '' where there is none."""
    if chosen.verb in READS_PLACES and _may_mean_a_file(error):
        for text in _words(chosen):
            if _is_at_docker_hub(text) and (place := _image_at(text)):
                return f"write {place} for the {'folder' if Path(text).is_dir() else 'file'} of that name that is here"
    return ""


def _may_mean_a_file(error: BoxshipError) -> bool:
    """Whether it was Docker Hub that failed, or nothing that a registry would be asked for was named."""
    hub = Registry(DOCKER_HUB).api.host
    return isinstance(error, InvalidReference) or _last_host(error.timeline).rpartition(":")[0] == hub


def _is_at_docker_hub(text: str) -> bool:
    try:
        return not Place.parse(text) and Reference.parse(text).registry.host == DOCKER_HUB
    except InvalidReference:
        return True  # a path: no registry would be asked for it


def _image_at(text: str) -> Place | None:
    """The image at a path, if one is there: of files, an archive."""
    try:
        place = place_at(text)
        return place if place.kind is not Kind.DOCKER_ARCHIVE or tarfile.is_tarfile(text) else None
    except (BoxshipError, OSError):
        return None


def doctor_command(chosen: argparse.Namespace, story: Sequence[Event], reference: str = "") -> str:
    """The command that examines what failed, with the words that decide how it is reached; no secret is among them.

    `reference` is what failed, where the words name several and it is known; else the story's end tells where it was.
    '' where no registry was asked.
    """
    about = reference or _reference(chosen, _last_host(story))
    return shlex.join(("boxship", "doctor", *_flags(chosen), about)) if about else ""


def _last_host(story: Sequence[Event]) -> str:
    """The registry, with its port, that failed last, else that was asked last: two may be asked at once."""
    hops = sorted((hop for hop in timeline(story) if hop.role is Role.REGISTRY), key=lambda hop: bool(hop.error))
    return _host(hops[-1]) if hops else ""


def _host(hop: Hop) -> str:
    parts = urlsplit(hop.url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or hop.address.rpartition(':')[2]}"


def _reference(chosen: argparse.Namespace, host: str) -> str:
    """What the words name in this registry, else the first reference of them, else the registry itself."""
    if url := getattr(chosen, "url", ""):
        return _named_in(url)
    if registry := getattr(chosen, "registry", ""):
        return str(registry)
    named = dict(_named(chosen))
    there = (text for text, registry in named.items() if host in (registry, f"{registry}:443", f"{registry}:80"))
    return next(there, "") or next(iter(named), host)


def _named(chosen: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """The references among the words, each with its registry."""
    for text in _words(chosen):
        with contextlib.suppress(InvalidReference):
            if not Place.parse(text):
                yield text, Reference.parse(text).registry.name


def _words(chosen: argparse.Namespace) -> Iterator[str]:
    for name in _REFERENCES:
        told = getattr(chosen, name, None) or ()
        yield from (told,) if isinstance(told, str) else told


def _named_in(url: str) -> str:
    """What a URL of the API is about: a manifest, a repository, or the registry."""
    scheme, mark, rest = url.rpartition("://")
    host, _, path = rest.partition("/")
    found = _ABOUT.match(path)
    if not found:
        return f"{scheme}{mark}{host}"
    name = found["name"] or ""
    sign = "@" if ":" in name else ":"
    return f"{scheme}{mark}{host}/{found['repository']}{sign if name else ''}{name}"


def _flags(chosen: argparse.Namespace) -> Iterator[str]:
    yield from (_flag(name) for name in _ALONE if getattr(chosen, name))
    if chosen.password is not None:
        yield "--password-stdin"  # where nobody reads it
    if chosen.from_service_account is not None:
        yield f"--from-service-account={chosen.from_service_account}"
    if chosen.plain_http:
        yield f"--plain-http={chosen.plain_http}"
    for host in chosen.skip_tls_verify or ():
        yield "--skip-tls-verify" if host == "*" else f"--skip-tls-verify={host}"
    if chosen.ip_version:
        yield f"-{chosen.ip_version}"
    yield from _with_values(chosen)


def _with_values(chosen: argparse.Namespace) -> Iterator[str]:
    told = [(_flag(name), value) for name in _WITH_VALUE if (value := getattr(chosen, name))]
    told += [("--resolve", place) for place in chosen.resolve]
    # What stands in a header of one's own may authenticate; of a file, only the name is written.
    told += [("--header", header) for header in chosen.headers if header.startswith("@")]
    for pair in told:
        yield from pair


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
