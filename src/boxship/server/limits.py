"""How much there may be and who may ask how often, by a file (`--limits`, TOML) that is read again while it serves.

    rate = 50
    quota = ["500GB", "team/**=50GB"]
    immutable = ["v*"]
    read-only = true

The names are those of the options, whose values these stand for.
"""

from __future__ import annotations

__all__ = ["parse_limits"]

from collections.abc import Callable, Mapping

from boxship.errors import InvalidSettings
from boxship.server.quota import read_size
from boxship.server.registry import Settings, quotas_of
from boxship.server.tagging import TagPatterns
from boxship.server.toml import is_amount, parse_toml, wrong
from boxship.spec.fields import Malformed
from boxship.value import replace


def parse_limits(text: str, file: str, *, settings: Settings) -> Settings:
    """The settings with what the text of `file` says in their place, or `InvalidSettings`."""
    try:
        said = parse_toml(text, _LIMITS)
    except Malformed as error:
        raise wrong(file, error) from error
    fields = dict[str, object]()
    for name, value in said.values.items():
        field, read = _LIMITS[name]
        try:
            fields[field] = read(value)
        except (TypeError, ValueError) as error:
            raise InvalidSettings(file, why=f"{name} {error}, and is {value!r}", remedy=f"see --{name}") from error
    changed: Settings = replace(settings, **fields)  # type: ignore[arg-type] # each was read as its field's type
    _check(changed)
    return changed


def _check(settings: Settings) -> None:
    """`InvalidSettings` where they do not go together, or are written wrongly."""
    TagPatterns.parse(settings.immutable)
    quotas_of(settings)


def _amount(value: object) -> float:
    if not is_amount(value):
        raise ValueError("should be an amount")
    return float(value)


def _whole(value: object) -> int:
    if not (is_amount(value) and isinstance(value, int)):
        raise ValueError("should be a whole number")
    return value


def _size(value: object) -> int:
    size = read_size(value) if isinstance(value, str) else _whole(value)
    if size is None:
        raise ValueError("should be a size, as '50GB' is")
    return size


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("should be a list of strings")
    return tuple(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("should be true or false")
    return value


_LIMITS: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "rate": ("rate", _amount),
    "in-flight": ("in_flight", _whole),
    "largest-blob": ("largest_blob", _size),
    "reserve": ("reserve", _size),
    "quota": ("quota_bytes", _texts),
    "quota-tags": ("quota_tags", _texts),
    "quota-repositories": ("quota_repositories", _texts),
    "immutable": ("immutable", _texts),
    "read-only": ("read_only", _flag),
}
