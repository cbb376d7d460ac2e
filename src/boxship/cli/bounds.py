"""The flags of time: one for every bound of `Bounds`, and the bounds that they tell."""

from __future__ import annotations

__all__ = ["TABLE", "add_bounds", "bounds", "seconds_of"]

import argparse
from collections.abc import Callable, Mapping

from boxship.connect.deadline import Bounds
from boxship.seconds import Seconds
from boxship.value import replace

_DEFAULTS = Bounds()
# What a flag makes of a bound, from the seconds it tells and the two defaults: its own bound's and this one's.
_Rule = Callable[[float, float, float], float]


def _told(told: float, _own: float, _default: float) -> float:
    return told


def _in_proportion(told: float, own: float, default: float) -> float:
    return told * default / own


def _at_most(told: float, _own: float, default: float) -> float:
    return min(told, default)


def _with_room(told: float, own: float, default: float) -> float:
    return max(default, told + default - own)


# Each flag with its bounds: the first is its own, the others would be in its way.
TABLE: Mapping[str, Mapping[str, _Rule]] = {
    "--connect-timeout": {"connect": _told, "connect_all": _in_proportion},
    "--tls-timeout": {"tls": _told, "tls_first_byte": _at_most},
    "--first-byte-timeout": {
        "first_byte": _told,
        "first_byte_slow": _told,
        "first_byte_moving": _told,
        "question": _at_most,
        "document_all": _with_room,
    },
    "--names-timeout": {"names": _told},
    "--proxy-timeout": {"proxy": _told},
    "--patience": {"patience": _told},
    "--head-timeout": {"head": _told},
    "--document-timeout": {"document": _told, "document_all": _in_proportion},
    "--silence-timeout": {"silence": _told, "slow": _in_proportion, "abandoned": _in_proportion},
    "--sending-timeout": {"sending": _told},
    "--helper-timeout": {"helper": _told},
}
_WORDS = {
    "--patience": "for dialling a host again that has already answered",
    "--silence-timeout": "without a byte inside a blob",
    "--sending-timeout": "without a byte of an upload being taken",
    "--helper-timeout": "for a credential helper",
}
_OFTEN = ("--connect-timeout", "--tls-timeout", "--first-byte-timeout")


def add_bounds(parser: argparse.ArgumentParser) -> None:
    """Add `--timeout` and the flag of every bound, those that are seldom needed apart."""
    often = parser.add_argument_group("time, in seconds")
    often.add_argument("--timeout", type=seconds_of, metavar="S", help="for the whole command (default: none)")
    seldom = parser.add_argument_group("time, seldom needed")
    for flag, fields in TABLE.items():
        default: float = getattr(_DEFAULTS, next(iter(fields)))
        words = f"{_WORDS[flag]} (default: {default:g})" if flag in _WORDS else f"default: {default:g}"
        (often if flag in _OFTEN else seldom).add_argument(flag, type=seconds_of, metavar="S", help=words)


def bounds(chosen: argparse.Namespace) -> Bounds:
    """The bounds with those that were told, each with the flag that told it."""
    changed: dict[str, Seconds] = {}
    for flag, fields in TABLE.items():
        told: float | None = getattr(chosen, flag[2:].replace("-", "_"))
        if told is None:
            continue
        own: float = getattr(_DEFAULTS, next(iter(fields)))
        for field, rule in fields.items():
            default: float = getattr(_DEFAULTS, field)
            seconds = rule(told, own, default)
            if rule is _told or seconds != default:
                changed[field] = Seconds(seconds, f"flag {flag}")
    return replace(_DEFAULTS, **changed)


def seconds_of(text: str) -> float:
    """The seconds that an argument tells: `2`, `0.5`, `10s`."""
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds
