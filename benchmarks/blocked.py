"""`boxship ls` where a firewall drops port 443 and a registry answers on 80: found out, beside told."""

from __future__ import annotations

__all__ = ["run"]

from collections.abc import Iterator
from pathlib import Path

from measure import BOXSHIP, Comparison, Row, Sides, interleaved

from boxship.testing import black_hole, put_image, registry

_ROUNDS = 40


def run(folder: Path) -> Iterator[Row]:
    """The row of the firewall."""
    with black_hole() as https, registry(folder, host_names=["reg.test"]) as http:
        put_image(http.address, "app", "v1")
        places = ["--resolve", f"reg.test:443:{https.address}", "--resolve", f"reg.test:80:{http.address}"]
        command = [BOXSHIP, "ls", "--plain-http=auto", *places]
        ways = {"boxship": [*command, "reg.test/app"], "boxship, told `http://`": [*command, "http://reg.test/app"]}
        times = interleaved(_ROUNDS, ways)
        found, told = times.values()
        sides = Sides.timed("list one tag where a firewall drops 443", times)
        yield Comparison(found, told).row("443 dropped: found out, over `http://` in front", 1.5, sides)
