"""`boxship export`: the file system of an image, as one tar or in a folder."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from boxship.cli import console, options
from boxship.cli.termination import end_on_sigterm
from boxship.errors import InvalidInput

if TYPE_CHECKING:
    from boxship.image.bounds import Bounds

SUMMARY = "Write what an image's layers make together as one tar, or unpack it into a folder, which nothing leaves."
EXAMPLE = "boxship export reg.corp/app:1 - | tar -t"
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("image", help="a reference, a local place, or - for an archive from standard input")
    parser.add_argument(
        "target",
        nargs="?",
        default="-",
        metavar="FILE|-|FOLDER/",
        help="where to: a file, standard output (default), or a folder that is new or empty",
    )
    options.add_platform(parser)
    parser.add_argument("--devices", action="store_true", help="in a folder, make devices, too (needs root)")
    bounds = parser.add_argument_group("bounds (of a folder: 256G, 10000000, 200; 0 for none)")
    bounds.add_argument("--max-size", type=_size, metavar="BYTES[K|M|G|T]", help="what it comes to, unpacked")
    bounds.add_argument("--max-entries", type=_size, metavar="N", help="files, folders and links")
    bounds.add_argument("--max-ratio", type=_size, metavar="N", help="bytes of a layer out of each one that it has")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Export."""
    target: str = chosen.target
    into_folder = target != "-" and (target.endswith("/") or Path(target).is_dir())
    bounds = _bounds(chosen, unpacked=into_folder)
    end_on_sigterm()
    with options.client(chosen) as client:
        if into_folder:
            made = client.unpack(chosen.image, target, platform=chosen.platform, bounds=bounds, devices=chosen.devices)
            if made.left_out:
                names = ", ".join(made.left_out[:5])
                console.complain(f"boxship: {len(made.left_out)} devices are left out: {names} (see --devices)")
            return 0
        client.export(chosen.image, _output() if target == "-" else target, platform=chosen.platform, bounds=bounds)
    return 0


class _Output:
    """Standard output as a file, with what a full disk there says in words."""

    @staticmethod
    def write(content: bytes | memoryview) -> None:
        console.write(content)


def _output() -> _Output:
    if sys.stdout is not None and sys.stdout.isatty():
        why = "standard output is a terminal"
        raise InvalidInput("a tar is not written there", why=why, remedy="name a file, or for example … | tar -t")
    return _Output()


def _bounds(chosen: argparse.Namespace, *, unpacked: bool) -> Bounds | None:
    from boxship.image.bounds import UNBOUNDED, Bounds  # noqa: PLC0415 -- the help needs none

    told = {"size": chosen.max_size, "entries": chosen.max_entries, "ratio": chosen.max_ratio}
    usual = Bounds() if unpacked else UNBOUNDED
    return Bounds(**{name: getattr(usual, name) if value is None else value for name, value in told.items()})


def _size(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,18})([KMGT]?)", text, re.ASCII | re.IGNORECASE)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return int(found[1]) * _UNITS[found[2].upper()]
