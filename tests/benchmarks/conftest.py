"""The benchmarks are programs: their modules find each other by their folder, and tests find them there, too."""

from __future__ import annotations

import sys

from tests.network.namespace import ROOT

sys.path.append(str(ROOT / "benchmarks"))
