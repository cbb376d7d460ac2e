"""The README's picture of the doctor's page, made from the network that the project began with (root).

    python -m tests.web.picture docs/images/doctor.png

Port 443 of `reg.test` is dropped by a firewall and port 80 serves, as in `tests/doctor`: with real packets.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.behaviour.ports import certificates
from tests.behaviour.scene import HOST
from tests.behaviour.stages import Namespaced
from tests.network.namespace import SERVER
from tests.web.browser import pictured

_WIDTH, _HEIGHT = 960, 1010  # to the end of the timeline


def main(picture: Path) -> None:
    """Examine, and take the picture."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        certificates(folder, HOST, SERVER)
        with Namespaced(folder).scene({443: "dropped", 80: "open"}) as scene:
            page = folder / "doctor.html"
            page.write_text(scene.boxship("doctor", "-o", "html", f"{HOST}/team/app").stdout)
        pictured(page, picture.absolute(), width=_WIDTH, height=_HEIGHT)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
