"""One target under libFuzzer, in a process of its own: `python -m fuzz.one ROOM NAME FOLDER… -OPTION=…`.

The room is imported with its branches counted, so that an input which makes the parser do something new is kept.
"""

from __future__ import annotations

import sys
from importlib import import_module

import atheris

_COUNTED = ["boxship", "json", "tomllib", "tarfile", "urllib", "yaml"]


def main() -> None:
    room, name, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=_COUNTED):
        targets = {target.name: target for target in import_module(room).TARGETS}
    atheris.Setup([sys.argv[0], *arguments], targets[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
