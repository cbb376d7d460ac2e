"""Other images in files: each is replaced where it stands, and every other letter stays as it is."""

from __future__ import annotations

__all__ = ["Rewriting", "collisions", "replace_uses"]

import json
import re
from collections.abc import Iterable, Mapping

from boxship.audit.compose import variables
from boxship.audit.lock import Lock, locked_as
from boxship.audit.use import Complaint, Text, Use
from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import DOCKER_HUB, Reference
from boxship.value import dataclass

_FIELD = re.compile(r"\{([^{}]*)\}")
_PLAIN = "{repository}"
_EXAMPLE = "for example mirror.corp, or mirror.corp/{registry}/{repository}"
_ANY = Reference.parse("reg.corp/app")
# It stands for a variable while a name is read: it may be a tag, and no part of a name.
_STAND_IN = "BOXSHIP_VARIABLE_{}"
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")  # anchors and tags stand before the scalar, and are a part of its node
_BLOCK = re.compile(r"[|>][^\r\n]*")
# Where these stand in it, as in an IPv6 address, YAML takes a bare text for something else.
_NEEDS_QUOTES = re.compile(r"[\[\]{},]")


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What images are called instead.

    Attributes:
        to: `mirror.corp`, or with what the old name has: `mirror.corp/{registry}/{repository}`; '' keeps names.
        lock: the digests that are put behind names; None puts none there.
    """

    to: str = ""
    lock: Lock | None = None

    def __post_init__(self) -> None:
        """`InvalidSettings` for a target that is none."""
        try:
            why = _why_not(self.to, self._target(_ANY)) if self.to else ""
        except InvalidReference as error:
            why = error.why
        except KeyError as error:
            why = f"there is no {{{error.args[0]}}}"
        if why:
            raise InvalidSettings(f"--to {self.to}", why=why, remedy=_EXAMPLE)

    def named(self, image: Reference) -> str:
        """The new name, without a tag; what is there already keeps its own."""
        if not self.to:
            return ""
        target = self._target(image)
        return "" if target.registry == image.registry else f"{target.registry}/{target.repository}"

    def _target(self, image: Reference) -> Reference:
        written = self.to if _FIELD.search(self.to) else f"{self.to.rstrip('/')}/{_PLAIN}"
        told = {"registry": image.registry.name.replace(":", "-"), "repository": image.repository}
        return Reference.parse(_FIELD.sub(lambda found: told[found[1]], written))

    def of(self, use: Use) -> str:
        """What is written in a use's place, or `_Kept`."""
        if use.shared:
            raise _Kept("an alias gives it to another field, too")
        if "name" in use.apart:
            raise _Kept("by this name kustomize finds images, which may have another one now")
        if "registry" in use.apart:
            raise _Kept("its registry is a field of its own")
        if self.lock and use.apart:
            raise _Kept("its tag is a field of its own")
        text, spans = use.written, variables(use.written) if use.written != use.image else []
        for number, (start, end) in reversed(list(enumerate(spans))):
            text = text[:start] + _STAND_IN.format(number) + text[end:]
        image = _parsed(text, use)
        if spans and self.lock:
            raise _Kept("variables say its tag, which no digest goes with")
        written = self._written(text, image, use)
        for number, (start, end) in enumerate(spans):
            written = written.replace(_STAND_IN.format(number), use.written[start:end])
        return written

    def _written(self, text: str, image: Reference, use: Use) -> str:
        name = self.named(image)
        tail = text[len(_name_of(text, image)) :]
        if self.lock and not image.digest:
            known = _parsed(use.image, use)
            digest = self.lock.get(known)
            if not digest:
                raise _Kept(f"{locked_as(known)} is not in {self.lock.file}")
            tail += f"@{digest}"
        return f"{name or _name_of(text, image)}{tail}"


def _why_not(to: str, target: Reference) -> str:
    if target.registry.scheme:
        return "an image has no scheme"
    if target.registry.is_docker_hub and not to.startswith(DOCKER_HUB):
        return "it begins with no host, which has a dot or a port"
    return ""


class _Kept(Exception):
    """Why an image keeps its name."""


def replace_uses(text: Text, uses: Iterable[Use], rewriting: Rewriting) -> tuple[str, list[Complaint]]:
    """The text with other images in it, and which had to stay."""
    parts, complaints, at = list[str](), list[Complaint](), 0
    for use in sorted(uses, key=lambda use: use.start):
        try:
            new = rewriting.of(use)
        except _Kept as error:
            complaints.append(Complaint(use.file, use.line, f"{use.written} stays: {error}"))
            continue
        parts += (text.text[at : use.start], _replaced(text.text[use.start : use.end], use, new))
        at = use.end
    return "".join((*parts, text.text[at:])), complaints


def collisions(images: Iterable[Reference], rewriting: Rewriting) -> Mapping[str, frozenset[str]]:
    """The new names that images of several registries would have."""
    found = dict[str, set[str]]()
    for image in images:
        name = rewriting.named(image)
        if name:
            found.setdefault(name, set()).add(f"{image.registry}/{image.repository}")
    return {name: frozenset(olds) for name, olds in found.items() if len(olds) > 1}


def _parsed(text: str, use: Use) -> Reference:
    try:
        return Reference.parse(text)
    except InvalidReference as error:
        why = "variables stand in its name" if use.written != use.image else error.why
        raise _Kept(why) from error


def _name_of(text: str, image: Reference) -> str:
    """The part of a reference before its tag and digest."""
    bare = text.partition("@")[0]
    return bare.removesuffix(f":{image.tag}") if image.tag else bare


def _replaced(raw: str, use: Use, new: str) -> str:
    """What stands in the image's place: anchors, quotes and the breaks of blocks stay."""
    if not use.is_yaml:
        return new
    properties = _PROPERTIES.match(raw)
    assert properties
    bare = raw[properties.end() :]
    head = properties[0]
    if sign := _BLOCK.match(bare):  # a comment may stand behind it
        return head + sign[0] + bare[sign.end() :].replace(use.written, new, 1)
    if bare == use.written:
        return head + (json.dumps(new) if _NEEDS_QUOTES.search(new) else new)
    if bare.count(use.written) == 1:
        return head + bare.replace(use.written, new)
    return head + json.dumps(new)  # it is written with escapes
