"""`python -m boxship`: the command line."""

from __future__ import annotations

import sys

from boxship.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
