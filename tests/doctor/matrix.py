"""The doctor's matrix: every network of the rooms, played side by side where they mostly wait."""

from __future__ import annotations

__all__ = ["ON_LOOPBACK", "WITH_PACKETS", "WITH_PEERS", "played"]

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.doctor.case import Case, Said
from tests.doctor.networks import answers, machine, paths, peers, places, ports, proxies

ON_LOOPBACK: Mapping[str, Case] = {
    **ports.BROKEN,
    **ports.WELL,
    **answers.BROKEN,
    **answers.WELL,
    **proxies.BROKEN,
    **proxies.WELL,
    **machine.BROKEN,
}
WITH_PACKETS: Mapping[str, Case] = {**ports.BEHIND_A_FIREWALL, **places.BROKEN, **places.WELL, **paths.BROKEN}
WITH_PEERS = peers.WELL
_AT_ONCE = 8


@contextmanager
def played(cases: Mapping[str, Case], materials: Path) -> Iterator[Mapping[str, Future[Said]]]:
    """What the doctor says in each, while the block runs."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield {name: pool.submit(case.said, materials) for name, case in cases.items()}
