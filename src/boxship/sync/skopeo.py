"""skopeo's YAML for `sync --src yaml` (containers/skopeo, cmd/skopeo/sync.go), read as it is.

It says no target: `boxship sync FILE mirror.corp/here`. As skopeo does, images are called there by their last name, or
by all of it with `--scoped`.
"""

from __future__ import annotations

__all__ = ["parse_skopeo"]

from collections.abc import Iterator
from pathlib import Path

from boxship.credential import Secret
from boxship.digest import Digest
from boxship.errors import InvalidSettings
from boxship.reference import Reference, Registry
from boxship.settings.certs_d import read_certificates
from boxship.settings.section import Section
from boxship.sync.chosen import Patterns, Tags, TagSet, pattern
from boxship.sync.entries import know, said_at
from boxship.sync.semver import Range
from boxship.sync.wish import Access, Template, Wish, Written

_IMAGES, _REGEX, _SEMVER = "images", "images-by-tag-regex", "images-by-semver"
_FIELDS = frozenset({_IMAGES, _REGEX, _SEMVER, "credentials", "tls-verify", "cert-dir"})
_ANYWHERE = "{}"  # Go's MatchString


def parse_skopeo(top: Section, target: str, *, scoped: bool) -> Written:
    """What the file asks for."""
    if not target:
        why = "skopeo's file says no target"
        raise InvalidSettings(top.file, why=why, remedy="write it after the file: boxship sync FILE mirror.corp/here")
    template = Template(f"{target.rstrip('/')}/{'{registry}/{repository}' if scoped else '{name}'}")
    wishes, access = list[Wish](), dict[str, Access]()
    for name, section in top.sections():
        know(section, _FIELDS)
        with said_at(section):
            registry = Registry.parse(name)
        with said_at(section):
            wishes += _wishes(registry, section, template)
        access[registry.name] = _access(section)
    return Written(wishes=tuple(wishes), access=access)


def _wishes(registry: Registry, section: Section, target: Template) -> Iterator[Wish]:
    images = section.section(_IMAGES)
    for name in images.values:
        repository, names = _repository(registry, name, images), tuple(images.texts_of(name))
        if not names:
            yield Wish(source=repository, target=target)
        with said_at(images, name):
            for one in names:
                yield Wish(source=_image(repository, one), target=target)
    for name, text in section.section(_REGEX).texts():
        with said_at(section, _REGEX):
            tags = TagSet(Patterns((pattern(text, _ANYWHERE),)))
        yield Wish(source=_repository(registry, name, section), target=target, tags=Tags((tags,)))
    for name, text in section.section(_SEMVER).texts():
        with said_at(section, _SEMVER):
            tags = TagSet(versions=(Range.parse(text),))
        yield Wish(source=_repository(registry, name, section), target=target, tags=Tags((tags,)))


def _repository(registry: Registry, name: str, section: Section) -> Reference:
    with said_at(section, name):
        found = Reference.parse(f"{registry}/{name}")
    if found.tag or found.digest:
        raise section.invalid(name, "it is an image, and no repository", remedy="write its tags as a list")
    return found


def _image(repository: Reference, name: str) -> Reference:
    if ":" in name:
        return repository.with_digest(Digest.parse(name))
    return Reference.parse(f"{repository}:{name}")


def _access(section: Section) -> Access:
    told, folder = section.section("credentials"), section.text("cert-dir")
    know(told, ("username", "password"))
    username, password = told.text("username"), told.text("password")
    if bool(username) != bool(password):
        raise section.invalid("credentials", "a user name and a password go together")
    with said_at(section, "cert-dir"):
        pair = read_certificates(Path(folder)).pair if folder else None
    return Access(
        username=username,
        password=Secret(password) if password else None,
        skip_tls_verify=section.flag("tls-verify") is False,
        ca_file=folder,
        cert=pair[0].value if pair else "",
        key=pair[1].value if pair and pair[1] else "",
    )
