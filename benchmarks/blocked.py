"""`boxship ls` where a firewall drops port 443 and a registry answers on 80: found out, beside told."""

from __future__ import annotations

__all__ = ["run"]

from collections.abc import Iterator
from pathlib import Path

from measure import BOXSHIP, Comparison, Row, interleaved

from boxship.testing import black_hole, put_image, registry

_ROUNDS = 40


def run(folder: Path) -> Iterator[Row]:
    """The row of the firewall."""
    with black_hole() as https, registry(folder, host_names=["reg.test"]) as http:
        put_image(http.address, "app", "v1")
        places = ["--resolve", f"reg.test:443:{https.address}", "--resolve", f"reg.test:80:{http.address}"]
        command = [BOXSHIP, "ls", "--plain-http=auto", *places]
        times = interleaved(_ROUNDS, {"found": [*command, "reg.test/app"], "told": [*command, "http://reg.test/app"]})
        yield Comparison(times["found"], times["told"]).row("443 dropped: found out, over `http://` in front", 1.5)
