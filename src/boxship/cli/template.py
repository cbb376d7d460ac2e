r"""Go templates, as far as `docker`, `skopeo` and `crane` are asked with them: fields, `json`, `index`, `range`, `if`.

    {{.Digest}}  {{json .Labels}}  {{index .Labels "team"}}  {{len .Layers}}  {{join .Env ","}}
    {{range .Layers}}{{.Digest}} {{.Size}}{{"\n"}}{{end}}  {{if .Labels}}…{{else}}…{{end}}

Names are those of the JSON, whatever their case and without `_`: `.MediaType` is `media_type`.
"""

from __future__ import annotations

__all__ = ["Template"]

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from boxship.errors import InvalidInput

_ACTION = re.compile(r"\{\{(- )?(.*?)( -)?\}\}", re.DOTALL)
_WORD = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|`[^`]*`|[^\s"`]+)""")
_NOTHING = "<no value>"  # as Go's says it

Render = Callable[[object], Iterator[str]]


class Template:
    """A template, read: `InvalidInput` where it is none."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pieces = list(_pieces(text.replace("\\n", "\n").replace("\\t", "\t")))
        self._at = 0
        body, end = self._block()
        if end:
            raise self._wrong(f"{end} ends nothing")
        self._render = body

    def render(self, value: object) -> str:
        """What the template makes of the value."""
        return "".join(self._render(value))

    # Reading it.

    def _block(self) -> tuple[Render, str]:
        """What comes until `else`, `end`, or the end of all; and which of them it was."""
        parts: list[Render] = []
        while self._at < len(self._pieces):
            text, is_action = self._pieces[self._at]
            self._at += 1
            if not is_action:
                parts.append(_constant(text))
                continue
            words = _WORD.findall(text)
            if words and words[0] in ("end", "else"):
                return _all(parts), words[0]
            if not words or words[0].startswith("/*"):
                continue
            parts.append(self._section(words) if words[0] in ("range", "if") else _shown(self._value(words)))
        return _all(parts), ""

    def _section(self, words: list[str]) -> Render:
        what, value = words[0], self._value(words[1:])
        body, end = self._block()
        other = _constant("")
        if end == "else":
            other, end = self._block()
        if end != "end":
            raise self._wrong(f"{what} has no end")
        return _repeated(value, body, other) if what == "range" else _chosen(value, body, other)

    def _value(self, words: list[str]) -> Callable[[object], object]:
        """What the words of an action stand for."""
        if not words:
            raise self._wrong("here is no field")
        if len(words) == 1:
            return self._term(words[0])
        function = words[0]
        if function not in _FUNCTIONS or "|" in words:
            known = ", ".join(_FUNCTIONS)
            raise self._wrong(f"{' '.join(words)!r} is nothing that is known here: fields, range, if, {known}")
        count, apply = _FUNCTIONS[function]
        arguments = [self._term(word) for word in words[1:]]
        if count and count != len(arguments):
            raise self._wrong(f"{function} takes {count} words")
        return lambda value: apply(*(argument(value) for argument in arguments))

    def _term(self, word: str) -> Callable[[object], object]:
        if word.startswith("."):
            path = [part for part in word.split(".") if part]
            return lambda value: _field(value, path)
        try:
            constant: object = word.strip("`") if word.startswith("`") else json.loads(word, strict=False)
        except ValueError:
            raise self._wrong(f"{word!r} is no field: those begin with a dot") from None
        return lambda _: constant

    def _wrong(self, why: str) -> InvalidInput:
        return InvalidInput(f"the template {self._text!r}", why=why, remedy="for example {{.Digest}}, or -o json")


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Texts, and the words of actions; `{{- ` and ` -}}` take away the white space beside them."""
    at, trim = 0, False
    for found in _ACTION.finditer(text):
        before = text[at : found.start()]
        before = before.lstrip() if trim else before
        yield before.rstrip() if found[1] else before, False
        yield found[2].strip(), True
        at, trim = found.end(), bool(found[3])
    yield text[at:].lstrip() if trim else text[at:], False


def _constant(text: str) -> Render:
    return lambda _: iter((text,))


def _all(parts: Sequence[Render]) -> Render:
    return lambda value: (text for part in parts for text in part(value))


def _shown(value_of: Callable[[object], object]) -> Render:
    return lambda value: iter((_text(value_of(value)),))


def _repeated(value_of: Callable[[object], object], body: Render, other: Render) -> Render:
    def render(value: object) -> Iterator[str]:
        items = value_of(value)
        listed = list(items.values()) if isinstance(items, Mapping) else items
        if not isinstance(listed, list) or not listed:
            yield from other(value)
            return
        for item in listed:
            yield from body(item)

    return render


def _chosen(value_of: Callable[[object], object], body: Render, other: Render) -> Render:
    return lambda value: body(value) if value_of(value) else other(value)


def _field(value: object, path: Sequence[str]) -> object:
    for part in path:
        if not isinstance(value, Mapping):
            return None
        wanted = _plain(part)
        value = value.get(part, next((found for name, found in value.items() if _plain(name) == wanted), None))
    return value


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _text(value: object) -> str:
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{' '.join(map(_text, value))}]"
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{name}:{_text(item)}' for name, item in sorted(value.items()))}]"
    return str(value)


def _index(value: object, *keys: object) -> object:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key, "")
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key] if 0 <= key < len(value) else None
        else:
            return None
    return value


def _join(value: object, between: object) -> str:
    return str(between).join(map(_text, value)) if isinstance(value, list) else _text(value)


def _length(value: object) -> int:
    return len(value) if isinstance(value, list | Mapping | str) else 0


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_FUNCTIONS: Mapping[str, tuple[int, Callable[..., object]]] = {
    "json": (1, _json),
    "index": (0, _index),
    "join": (2, _join),
    "len": (1, _length),
}
