"""One blob of a gigabyte from docker-registry, verified, beside skopeo; and how much memory that takes."""

from __future__ import annotations

__all__ = ["run"]

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from load import noise
from measure import BOXSHIP, Comparison, Row, Sides, Times, interleaved
from programs import Storage, docker_registry, missing

_ROUNDS = 7
_MIB = 1024 * 1024
_PIECES = 1024  # of a mebibyte
_LEAST = 1.3
_MOST_MIB = 64


def run(folder: Path) -> Iterator[Row]:
    """The rows of the blob."""
    if missing("docker-registry", "skopeo"):
        return
    layer = Storage(folder, "app").put_image(noise(_PIECES), ["big"])
    with docker_registry(folder) as address:
        taken = folder / "taken"
        blob = [BOXSHIP, "blob", f"{address}/app@{layer}"]
        source = f"docker://{address}/app:big"
        commands = {
            "null": blob,
            "file": ["sh", "-c", f"exec {shlex.join(blob)} > {shlex.quote(str(taken / 'blob'))}"],
            "skopeo": ["skopeo", "--insecure-policy", "copy", "--src-tls-verify=false", source, f"dir:{taken}"],
        }
        times = interleaved(_ROUNDS, commands, peaks=True, before=lambda: _emptied(taken))
    null, file, skopeo = (times[name] for name in ("null", "file", "skopeo"))
    ways = {"boxship": null, "boxship, to a file": file, "skopeo": skopeo}
    sides = Sides.timed("a blob of 1 GB from docker-registry", ways)
    yield _throughput("`boxship blob > /dev/null`", null, skopeo, sides)
    yield _throughput("`boxship blob > FILE`", file, skopeo, sides)
    peak = max(null.peak_kib, file.peak_kib) / 1024
    yield Row(
        name=f"its peak memory (VmHWM; skopeo: {skopeo.peak_kib / 1024:.0f} MiB)",
        target=f"<= {_MOST_MIB} MB",
        measured=f"{peak:.1f} MiB",
        holds="yes" if peak * _MIB <= _MOST_MIB * 1_000_000 else "no",
    )


def _throughput(what: str, ours: Times, skopeo: Times, sides: Sides) -> Row:
    gigabytes = _PIECES * _MIB / 1e9
    name = f"{what}, {gigabytes:.2f} GB ({gigabytes / ours.best:.2f} GB/s), over `skopeo copy` to dir:"
    return Comparison(skopeo, ours).throughput(name, _LEAST, sides)


def _emptied(taken: Path) -> None:
    shutil.rmtree(taken, ignore_errors=True)
    taken.mkdir()
