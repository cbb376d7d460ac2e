"""The licences of what boxship needs, as installed metadata says them: `python -m tests.licences` writes their page.

`test_licences` holds the page: a dependency that is new, or whose licence is another or unknown, is looked at.
"""

from __future__ import annotations

__all__ = ["ELSEWHERE", "PAGE", "Licensed", "UnknownLicence", "licence_of", "needed", "row"]

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).parents[1] / "docs/licences.md"
# What users install; `dev` and `docs` make nothing that they get.
_NEEDED = ("", "server", "tokens", "metrics", "yaml", "cluster", "postgres", "s3")
# What is needed on some systems only: the page is made where it is.
ELSEWHERE = frozenset({"backports-zstd", "importlib-metadata", "typing-extensions", "uvloop", "zipp"})
# Licences that somebody has looked at: each lets boxship be used, changed and sold with what it needs.
_KNOWN = frozenset(
    {
        *("Apache-2.0", "Apache-2.0 AND BSD-2-Clause", "Apache-2.0 OR BSD-2-Clause", "Apache-2.0 OR BSD-3-Clause"),
        *("BSD-2-Clause", "BSD-3-Clause", "BSD", "MIT", "MIT-0", "PSF-2.0"),
        # A library that is installed beside boxship, where another build of it may take its place.
        "LGPL-3.0-only",
    }
)
# What older metadata says; its classifier does not tell the kinds of BSD apart.
_SPDX = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
    "MIT License": "MIT",
}
_FIELDS = ("License-Expression", "License", "Classifier")
_HEAD = """# Licences

boxship is under the Apache License 2.0. These are the packages that an installation brings along, as their own metadata
says; the page is made of that (`python -m tests.licences`), and a test holds it. The core is `pip install boxship`.

| package | licence | needed by |
|---|---|---|
"""


class UnknownLicence(Exception):
    """A package that does not say its licence, or in words that nobody has looked at."""


@dataclass(frozen=True, slots=True)
class Licensed:
    """A package, its licence, and which extras need it; `core` is none."""

    name: str
    licence: str
    extras: tuple[str, ...]


def needed() -> list[Licensed]:
    """Every package that an installation of boxship needs here, directly or not."""
    found = defaultdict[str, set[str]](set)
    for extra in _NEEDED:
        for name in _below("boxship", extra, set()):
            found[name].add(extra or "core")
    return [Licensed(name, licence_of(distribution(name)), tuple(sorted(found[name]))) for name in sorted(found)]


def row(licensed: Licensed) -> str:
    """A line of the page."""
    extras = ["core"] if "core" in licensed.extras else [f"`{extra}`" for extra in licensed.extras]
    return f"| {licensed.name} | {licensed.licence} | {', '.join(extras)} |"


def _below(name: str, extra: str, seen: set[str]) -> Iterator[str]:
    for text in distribution(name).requires or []:
        requirement = Requirement(text)
        found = canonicalize_name(requirement.name)
        only = extra and "extra" in str(requirement.marker or "")
        if found in seen or (name == "boxship" and extra and not only):
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            seen.add(found)
            yield found
            for inner in requirement.extras or {""}:
                yield from _below(found, inner, seen)


def licence_of(package: Distribution) -> str:
    """Its licence in SPDX's words, where it is one that somebody has looked at."""
    said = [text for field in _FIELDS for text in package.metadata.get_all(field) or []]
    licences: list[str] = [licence for text in said if (licence := _SPDX.get(text, text)) in _KNOWN]
    if not licences:
        raise UnknownLicence(f"{package.metadata['Name']}: {said}")
    return licences[0]


if __name__ == "__main__":
    PAGE.write_text(_HEAD + "".join(f"{row(each)}\n" for each in needed()))
