"""`python -m boxship`: the command line."""

from __future__ import annotations

from boxship.cli.main import run

if __name__ == "__main__":
    run()
