"""The matrix in Markdown: what every row promises (docs/networks.md), and what was measured just now."""

from __future__ import annotations

__all__ = ["PAGE", "measured", "promised"]

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.matrix.proof import Proof
from tests.matrix.row import REAL, Host, Port, Row, Stage, Wish
from tests.matrix.rows import ROWS, SUBJECTS
from tests.network.road import EVER, Kind, Loss

PAGE = Path(__file__).parents[2] / "docs" / "networks.md"
_SIGNS = {Stage.SIMULATED: "clock", Stage.FIREWALL: "nftables", Stage.WIRE: "wire"}
_HEAD = """\
# What comes of each network

{number} networks, and what boxship does in each: generated from the rows of `tests/matrix` by `python -m tests.matrix
--write`. The rules that decide are in [how boxship connects](connecting.md).

Every row is a test. It is played on a simulated clock, where a round trip takes a millisecond unless said otherwise and
times are exact; behind a firewall (network namespaces with nftables, where packets are really dropped, refused and
prohibited); and over a wire that delays, loses, forges and counts the packets of each port, as far as these three can.
At the real stages `asyncio` sees the same as blocking code, and what was disclosed is read from the packets, not asked
of the client. `python -m tests.matrix` (as root) plays all and prints times, requests and packets.

- **443, 80**: what each port does; several addresses of a name are parted by "then". A port is `open` where a registry
  serves everybody in plain HTTP, `basic` or `bearer` where it asks for a credential, and there is one unless said
  otherwise.
- **after**: the time in seconds until it is decided.
- **others read**: what goes out in the open at most, seen by anybody on the way. A secret goes out only where somebody
  consented to plain HTTP, or on the client's own machine, and when there is no TLS at any address for all that can be
  seen.
"""
_COLUMNS = ("network", "443, 80", "said", "ends with", "after", "others read", "played on")
_MEASURED = ("network", "stage", "ends with", "time", "port: requests, SYNs, packets", "others read")


def promised() -> str:
    """The page: every row, and what has to come of it."""
    parts = [_HEAD.format(number=len(ROWS))]
    for subject, rows in SUBJECTS.items():
        parts.append(f"## {subject}\n\n" + _table(_COLUMNS, map(_promise, rows)))
    return "\n".join(parts)


def measured(proofs: Mapping[Stage, Mapping[str, Proof]]) -> str:
    """A table with what every row has come to at each stage."""
    found = (proofs[stage][name] for name in ROWS for stage in proofs if name in proofs[stage])
    return _table(_MEASURED, map(_measure, found))


def _promise(row: Row) -> tuple[str, ...]:
    said = f"`{row.said}`" if row.said.startswith("--") else str(row.said)
    wish = "" if row.wish is Wish.TAGS else f"; {row.wish.rpartition('; ')[2]}"
    hosts = " then ".join(_host(host) for host in row.hosts)
    stages = ", ".join(_SIGNS[stage] for stage in row.stages)
    return row.name, hosts, said + wish, str(row.end), f"{row.at:g}", str(row.learns), stages


def _host(host: Host) -> str:
    words = [
        f":{number} {_port(port)}" if number not in (443, 80) else _port(port) for number, port in host.ports.items()
    ]
    return ("IPv6 " if host.version == 6 else "") + ", ".join(words)


def _port(port: Port) -> str:
    there, back = round(port.there * 1000, 1), round(port.back * 1000, 1)
    way = ""
    if there or back:
        way = f" at {there + back:g} ms" if there == back else f" at {there:g} + {back:g} ms"
    return port.does + way + "".join(f" ({_loss(loss)})" for loss in port.losses)


def _loss(loss: Loss) -> str:
    kind = "every packet" if loss.kind is Kind.ANY else str(loss.kind)
    some = f"the first {loss.first} " if loss.first < EVER else ""
    later = f" from number {loss.after + 1} on" if loss.after else ""
    long = f" of more than {loss.longer} bytes" if loss.longer else ""
    return f"{some}{kind}{later}{long}: {loss.forged or 'lost'}"


def _measure(proof: Proof) -> tuple[str, ...]:
    row, result = proof.row, proof.result
    ports = "; ".join(
        f"{port}: {result.requests[port]}, {result.syns[port]}, {result.packets.get(port, '-')}"
        for port in sorted(row.ports, reverse=True)
    )
    wrong = "".join(f" **{complaint.words.partition(chr(10))[0]}**" for complaint in proof.complaints)
    seconds = f"{result.seconds:.3f}"
    stage = _SIGNS[result.stage] if result.stage in REAL else "clock"
    return row.name, stage, f"{result.end}{wrong}", seconds, ports, str(result.learns)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"{line}\n" for line in _lines(head, rows))


def _lines(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(cells)} |" for cells in rows)
