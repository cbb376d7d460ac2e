"""Long lists of tags: one page of 50,001 beside skopeo, and pages that are printed as they come."""

from __future__ import annotations

__all__ = ["run"]

import subprocess
from collections.abc import Iterator
from pathlib import Path

from measure import BOXSHIP, Comparison, Row, Sides, environment, interleaved
from programs import Storage, docker_registry, listers, missing

from boxship.testing import put_tags, registry

_ROUNDS = 15
_TAGS = 50_001
_PAGED, _PAGE_SIZE = 5_000, 500


def run(folder: Path) -> Iterator[Row]:
    """The rows of lists."""
    if not missing("docker-registry", "skopeo"):
        yield _one_page(folder)
    yield _pages()


def _one_page(folder: Path) -> Row:
    Storage(folder, "app").put_image([b"a layer"], (f"v{number:05}" for number in range(_TAGS)))
    with docker_registry(folder) as address:
        boxship = [BOXSHIP, "ls", f"{address}/app"]
        printed = subprocess.run(boxship, capture_output=True, env=environment(), timeout=60, check=True).stdout
        assert len(printed.splitlines()) == _TAGS
        times = interleaved(_ROUNDS, {"boxship": boxship, **listers(f"{address}/app")})
    name = f"`boxship ls` of {_TAGS:,} tags from docker-registry, over `skopeo list-tags` ({times['skopeo']})"
    sides = Sides.timed(f"list {_TAGS:,} tags of docker-registry's", times)
    return Comparison(times["boxship"], times["skopeo"]).row(name, 2.0, sides)


def _pages() -> Row:
    """Tags and trace in one stream, in the order they were written: a page's tags stand before the next request."""
    with registry() as running:
        put_tags(running.address, "app", (f"v{number:05}" for number in range(_PAGED)))
        command = [BOXSHIP, "ls", "-v", f"--page-size={_PAGE_SIZE}", f"{running.address}/app"]
        told = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(),
            timeout=60,
            check=True,
        )
    lines = told.stdout.splitlines()
    tags = [number for number, line in enumerate(lines) if line.startswith("v")]
    requests = [number for number, line in enumerate(lines) if "] Request: " in line and "/tags/list" in line]
    before = sum(1 for number in requests if number < tags[0])
    wanted = _PAGED // _PAGE_SIZE
    right = len(tags) == _PAGED and len(requests) == wanted and before == 1
    return Row(
        name=f"{_PAGED:,} tags in pages of {_PAGE_SIZE}, boxship registry: pages asked for before the first tag is out",
        target=f"1 of {wanted}",
        measured=f"{before} of {len(requests)}",
        holds="yes" if right else "no",
        facts={"tags": len(tags), "requests": len(requests)},
    )
