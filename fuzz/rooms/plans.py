"""Files of `sync`, `prune` and `audit`: what is wanted, plans that were stored, and files that name images."""

from __future__ import annotations

__all__ = ["TARGETS"]

import tempfile
from pathlib import Path

from boxship.audit.compose import Unset, filled, read_env
from boxship.audit.lock import Lock, write_lock
from boxship.audit.rewrite import Rewriting, replace_uses
from boxship.audit.sources import Reading, uses_in
from boxship.audit.use import Text
from boxship.digest import Digest
from boxship.errors import InvalidSettings
from boxship.prune.plan import parse_plan
from boxship.sync.plan import read_plan, written
from boxship.sync.state import State
from boxship.sync.written import parse_written
from fuzz.target import Target, target

_DIGEST = Digest.of(b"")
_STEP = (
    'schema boxship.sync/1 "do" copy untag nothing source target digest was platforms backup waiting min retry blobs '
    "Infinity NaN null true"
)
_YAML = "image: containers: kind: Pod services: build: - & * !!str | > ${A:-b} --- {} initContainers: <<:"


def _document(data: bytes) -> str:
    return data.decode("utf-8", "replace")


@target(
    InvalidSettings,
    words="sync: source: target: type: image repository registry tags: allow: semver: creds: defaults: {{ }}",
)
def wishes(data: bytes) -> None:
    """A text says which images are wanted, in boxship's own YAML, regsync's or skopeo's, or is `InvalidSettings`."""
    text = _document(data)
    try:
        assert parse_written(text, "sync.yml").wishes is not None
    except InvalidSettings as error:
        assert "sync.yml" in str(error)
        parse_written(text, "sync.yml", target="reg.corp/mirror", scoped=True)


@target(InvalidSettings, words=_STEP)
def sync_plan(data: bytes) -> None:
    """Lines are the steps of a plan, which are read again as they are written, or `InvalidSettings` with the line."""
    steps = list(read_plan(_document(data).split("\n"), "plan.jsonl"))
    assert list(read_plan(map(written, steps), "plan.jsonl")) == steps


@target(InvalidSettings, words="schema boxship.sync.state/1 fact copied created of is")
def sync_state(data: bytes) -> None:
    """A file is what is remembered, or `InvalidSettings`; what is noted in it is there when it is read again."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "state.jsonl")
        file.write_bytes(data)
        state = State(file)
        assert isinstance(state.created(_DIGEST), str | None)
        state.note_created(_DIGEST, "2026-01-01")
        state.note_copied(_DIGEST, (), _DIGEST, filtered=True)
        again = State(file)
        assert again.created(_DIGEST) == "2026-01-01"
        assert again.copied(_DIGEST, (), filtered=True) == _DIGEST


@target(
    InvalidSettings,
    words='schema boxship.prune/1 made repositories repository rules keep remove untag delete tag why "2026',
)
def prune_plan(data: bytes) -> None:
    """A document is a plan that is read again as it is written, or `InvalidSettings`."""
    plan = parse_plan(data, "plan.json")
    again = parse_plan(plan.text().encode("utf-8", "surrogatepass"), "plan.json")
    assert again.parts == plan.parts
    assert abs(again.made - plan.made) <= 1


@target(words=_YAML)
def images(data: bytes) -> None:
    """A text names images that stand where they are said to; put in their own places they change nothing."""
    for file in ("app.yaml", "images.txt"):
        text = Text(file, _document(data))
        found = uses_in(text, Reading(("*.image", "spec.*"), {"A": "b"}))
        assert all(0 <= use.start <= use.end <= len(text.text) for use in found.uses)
        assert all(text.place(use.start) == (use.line, use.column) for use in found.uses)
        kept, _ = replace_uses(text, found.uses, Rewriting())
        assert kept == text.text


@target(words=_YAML)
def rewritten(data: bytes) -> None:
    """Images that get other names have them when the text is read again, and there are as many as before."""
    for file in ("app.yaml", "images.txt"):
        text = Text(file, _document(data))
        found = uses_in(text, Reading())
        new, complaints = replace_uses(text, found.uses, Rewriting("mirror.corp"))
        again = uses_in(Text(file, new), Reading())
        assert len(again.uses) == len(found.uses)
        assert sum("mirror.corp/" in use.image for use in again.uses) >= len(found.uses) - len(complaints)


@target(
    InvalidSettings,
    words="docker.io/library/app:1 @sha256: # e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
)
def lock(data: bytes) -> None:
    """A text is a lock that is read again as it is written, or `InvalidSettings` with the line."""
    found = Lock.parse(_document(data), "images.lock")
    again = Lock.parse(write_lock(found.digests.items()), "images.lock")
    assert all(again.get(reference) == digest for reference, digest in found.digests.items())


@target(Unset, longest=1024, words="${A} ${A:-b} ${A:?c} $$ export A= 'x' \" #")
def compose(data: bytes) -> None:
    """Any text is a `.env` file, and a text whose variables are filled in, or where one of them is `Unset`."""
    text = _document(data)
    environment = read_env(text)
    assert isinstance(filled(text, environment), str)


TARGETS: tuple[Target, ...] = (wishes, sync_plan, sync_state, prune_plan, images, rewritten, lock, compose)
