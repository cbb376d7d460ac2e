"""Kubernetes' pull secrets, from files as kubectl reads and writes them: which entries they have, and what is wrong.

A Secret of type `kubernetes.io/dockerconfigjson` has them in `.dockerconfigjson`, one of the old type
`kubernetes.io/dockercfg` in `.dockercfg`. What is wrong is said in words that have nothing of the content in them.
"""

from __future__ import annotations

__all__ = ["Secrets", "read_secrets"]

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Self

from boxship.errors import InvalidSettings, MissingExtra
from boxship.settings.json_file import parse_settings
from boxship.settings.kubelet import Entry, Keyring, parse_entries
from boxship.value import dataclass, replace
from boxship.wire.printable import printable

_JSON, _OLD = "kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"
# Where each type keeps its entries.
_KEYS: Mapping[str, str] = {_JSON: ".dockerconfigjson", _OLD: ".dockercfg"}
_LISTS = ("List", "SecretList")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What pull secrets give an image: the entries of those that can be read, and what is wrong with the others.

    Attributes:
        names: the secrets that can be read, as `namespace/name`.
        complaints: what makes a secret useless to the kubelet.
        passed_over: what else was in the file.
    """

    keyring: Keyring
    names: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()

    def passing_over(self, more: Iterable[str]) -> Self:
        """The same, besides what else is passed over."""
        return replace(self, passed_over=(*self.passed_over, *more))


class _Useless(Exception):
    """Why a secret is of no use."""


def read_secrets(text: str) -> Secrets:
    """What is in a file of YAML or JSON: one document or several, or lists of them.

    `MissingExtra` is raised where that is YAML and PyYAML is not installed; all else is a complaint.
    """
    entries, names = list[Entry](), list[str]()
    complaints, passed_over = list[str](), list[str]()
    try:
        documents = list(_unpacked(_documents(text)))
    except _Useless as error:
        return Secrets(Keyring(()), complaints=(str(error),))
    for number, document in enumerate(documents, 1):
        kind, name = _text(document.get("kind")), _name(document, number)
        if kind != "Secret":
            passed_over.append(f"{name} is {_a(kind)}, not a Secret")
            continue
        try:
            entries += _entries(document, name)
            names.append(name)
        except _Useless as error:
            complaints.append(f"{name}: {error}")
    if not documents:
        complaints.append("it is empty")
    elif not names and not complaints:
        complaints.append("; ".join(passed_over))
    return Secrets(Keyring.of(entries), tuple(names), tuple(complaints), tuple(passed_over))


def _documents(text: str) -> Iterable[object]:
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        try:
            return [json.loads(text.lstrip("\ufeff"))]
        except (ValueError, RecursionError):
            if not find_spec("yaml"):
                raise _Useless("it is no JSON") from None
    return _yaml(text)  # which has braces, too


def _yaml(text: str) -> Iterable[object]:
    if not find_spec("yaml"):
        raise MissingExtra("yaml", "a pull secret in YAML")
    import yaml  # noqa: PLC0415 -- an extra

    try:
        # Every scalar is a text: nothing is made of what stands there.
        return list(yaml.load_all(text.removeprefix("\ufeff"), Loader=yaml.BaseLoader))
    except yaml.YAMLError as error:
        # Not chained, and not its words: they have the lines around in them.
        mark = getattr(error, "problem_mark", None)
        raise _Useless(f"it is no YAML and no JSON{f': line {mark.line + 1}' if mark else ''}") from None
    except (RecursionError, ValueError):
        raise _Useless("it is no YAML that can be read: it is nested too deeply") from None


def _unpacked(documents: Iterable[object]) -> Iterator[Mapping[str, object]]:
    """The documents, those in a list apart; empty ones are none."""
    for document in documents:
        if document in (None, ""):
            continue
        if not isinstance(document, dict):
            raise _Useless("it holds what is no Kubernetes object")
        items = document.get("items")
        if _text(document.get("kind")) in _LISTS and isinstance(items, list):
            # The items of a SecretList need not say what they are.
            implied = {"kind": "Secret"} if document["kind"] == "SecretList" else {}
            yield from ({**implied, **item} for item in items if isinstance(item, dict))
        else:
            yield document


def _entries(secret: Mapping[str, object], name: str) -> list[Entry]:
    kind = _text(secret.get("type")) or "Opaque"
    key = _KEYS.get(kind)
    if not key:
        right = next((right for right, key in _KEYS.items() if key in _data(secret)), _JSON)
        raise _Useless(f"its type is {printable(kind)}, which the kubelet passes over: it has to be {right}")
    content = _content(secret, key, kind)
    try:
        top = parse_settings(content, f"{key} of {name}")
        return list(parse_entries(top.section("auths") if kind == _JSON else top, name))
    except InvalidSettings as error:
        # Not chained: the error of the JSON has all of its text in it.
        raise _Useless(printable(f"the kubelet refuses what is in it: {error.what}: {error.why}")) from None


def _content(secret: Mapping[str, object], key: str, kind: str) -> str:
    # What is written in `stringData` replaces what is in `data`.
    plain = secret.get("stringData")
    if isinstance(plain, dict) and isinstance(plain.get(key), str):
        return str(plain[key])
    written = _data(secret).get(key)
    if written is None:
        raise _Useless(f"its data has no {key}, which a Secret of type {kind} keeps its entries in")
    if not isinstance(written, str):
        raise _Useless(f"its {key} is no string")
    try:
        content = base64.b64decode("".join(written.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        raise _Useless(f"its {key} is not base64 of UTF-8: what stands in data is encoded") from None
    if not content.strip():
        raise _Useless(f"its {key} is empty")
    return content


def _data(secret: Mapping[str, object]) -> Mapping[str, object]:
    data = secret.get("data")
    return data if isinstance(data, dict) else {}


def _name(document: Mapping[str, object], number: int) -> str:
    metadata = document.get("metadata")
    fields = metadata if isinstance(metadata, dict) else {}
    name, namespace = _text(fields.get("name")), _text(fields.get("namespace"))
    if not name:
        return f"document {number}"
    return printable(f"{namespace}/{name}" if namespace else name)


def _a(kind: str) -> str:
    return f"of kind {printable(kind)}" if kind else "of no kind"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
