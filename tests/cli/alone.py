"""`boxship` as its users run it, on a machine whose settings are the test's: `python alone.py VERB …`.

What `isolate` in tests/conftest.py is for the tests' own process.
"""

from __future__ import annotations

import os
from pathlib import Path

from boxship.cli.main import run
from boxship.settings import machine

if __name__ == "__main__":
    machine.ROOT = Path(os.environ["HOME"])
    run()
