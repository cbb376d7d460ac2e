"""`python -m tests.matrix` plays the matrix and prints what it measured; `--write` writes what it promises."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.behaviour.ports import certificates
from tests.matrix.addresses import DOMAIN
from tests.matrix.proof import prove, simulate
from tests.matrix.report import PAGE, measured, promised
from tests.matrix.row import REAL, Stage
from tests.matrix.rows import ROWS
from tests.network.namespace import network_obstacle


def _measured() -> str:
    proofs = {Stage.SIMULATED: {name: simulate(name) for name, row in ROWS.items() if Stage.SIMULATED in row.stages}}
    if obstacle := network_obstacle():
        sys.stderr.write(f"only the simulated clock: {obstacle}\n")
        return measured(proofs)
    with tempfile.TemporaryDirectory() as folder:
        certificates(Path(folder), f"*.{DOMAIN}")
        for stage in REAL:
            rows = [row for row in ROWS.values() if stage in row.stages]
            proofs[stage] = dict(prove(rows, stage, Path(folder)))
    return measured(proofs)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(promised(), "utf-8")
    else:
        sys.stdout.write(_measured())
