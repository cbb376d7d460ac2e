"""`python -m tests.crane.record`: write down what the `crane` on PATH answers to every row."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.crane.answers import RECORDED, answer
from tests.crane.rows import ROWS
from tests.crane.stage import staged


def main() -> int:
    """Record."""
    with TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        with staged("crane", ["crane"], Path(folder, "crane")) as stage:
            answers = {name: answer(stage, name, row) for name, row in ROWS.items()}
    RECORDED.write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
