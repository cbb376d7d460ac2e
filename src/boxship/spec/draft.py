"""JSON documents that are to be changed: what nobody changes stays as it is, also what boxship does not know."""

from __future__ import annotations

__all__ = ["Draft", "Json", "written"]

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from boxship.spec.fields import Fields, parse_object

Json: TypeAlias = str | int | float | bool | Sequence["Json"] | Mapping[str, "Json"] | None


class Draft:
    """An object of a document, whose fields keep their order; a section of it is part of the same document."""

    def __init__(self, raw: bytes = b"{}") -> None:
        """`raw`: the document, or `Malformed`."""
        self._raw = raw
        self._values: dict[str, Json] = parse_object(raw).values
        self._begun: list[tuple[dict[str, Json], str]] = []
        """Sections that were not there: they come into being with what is set in them."""

    def _over(self, values: dict[str, Json]) -> Draft:
        draft = Draft()
        draft._values, draft._begun = values, self._begun
        return draft

    @property
    def fields(self) -> Fields:
        """What stands there now, to be read."""
        return Fields(self._values)

    def set(self, name: str, value: Json) -> None:
        """Give the field this value; None takes it away."""
        if value is None:
            self._values.pop(name, None)
        else:
            self._values[name] = value

    def section(self, name: str) -> Draft:
        """The object `name`, to be changed; an empty one where there was none."""
        self.fields.object(name)  # which raises where it is something else
        if self._values.get(name) is None:
            self._values[name] = {}
            self._begun.append((self._values, name))
        return self._over(cast("dict[str, Json]", self._values[name]))

    def sections(self, name: str) -> list[Draft]:
        """The objects in the list `name`, to be changed."""
        return [self._over(fields.values) for fields in self.fields.objects(name)]

    def update(self, name: str, changes: Mapping[str, str | None]) -> None:
        """Set texts in the object `name`, and take those away that become None; an empty one goes.

        Where its members are in order, as Go's programs write them, they stay so.
        """
        before = self.fields.mapping(name)
        now = {**before, **changes}
        names = sorted(now) if list(before) == sorted(before) else list(now)
        self.set(name, {key: now[key] for key in names if now[key] is not None} or None)

    def add(self, name: str, items: Sequence[Json]) -> None:
        """Add to the list `name`."""
        if items:
            self.set(name, [*self.items(name), *items])

    def items(self, name: str) -> list[Json]:
        """What stands in the list `name`."""
        values = self._values.get(name)
        return list(values) if isinstance(values, list) else []

    def copy(self) -> Mapping[str, Json]:
        """The object as a value of another one."""
        return dict(self._values)

    @property
    def raw(self) -> bytes:
        """The document; the very bytes that it was read from where nothing has changed."""
        for values, name in reversed(self._begun):
            if values.get(name) == {}:
                del values[name]
        self._begun.clear()
        return self._raw if parse_object(self._raw).values == self._values else written(self._values)


def written(value: Json) -> bytes:
    """A document as boxship writes it: without spaces, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
