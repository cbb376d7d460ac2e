"""Images on their way, beside crane (where it is on PATH) and skopeo, with docker-registry at both ends.

`multi` is 8 layers of 100 MB that gzip cannot shrink, `big` one of 1 GB; with a `TMPDIR` in memory no disk is measured.
"""

from __future__ import annotations

__all__ = ["run"]

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from measure import BOXSHIP, Comparison, Row, Sides, Times, environment, interleaved
from programs import OCI, Storage, docker_registry, missing

_ROUNDS, _ROUNDS_OF_MANY = 5, 3
_LAYERS, _SIZE = 8, 100_000_000
_BIG = 1_000_000_000
_IMAGES, _SMALL = 200, 4096
_MOST_MB, _MOST_CPU = 100, 1.25
_PLAIN = ("--src-tls-verify=false", "--dest-tls-verify=false")


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done, what each program is told for it, and how much faster boxship has to be than each of the others."""

    what: str
    commands: Mapping[str, Sequence[str]]
    least: Mapping[str, float]


def run(folder: Path) -> Iterator[Row]:
    """The rows of moving."""
    if missing("docker-registry", "skopeo"):
        return
    there, here = folder / "there", folder / "here"
    multi, many = Storage(there, "multi"), Storage(there, "many")
    _put_layers(multi)
    _put_many(many)
    _put_big(Storage(there, "big"))
    here.mkdir()
    out = folder / "out"
    with docker_registry(there) as source, docker_registry(here) as target:
        archive = folder / "multi.tar"
        subprocess.run([BOXSHIP, "pull", "-q", f"{source}/multi:1", archive], check=True, env=environment())
        layers = _layers(f"{source}/multi:1", folder / "layers")
        peak = 0
        for work in (*_works(source, target, archive, out), *_changes(source, target, layers)):
            commands = {name: words for name, words in work.commands.items() if not missing(words[0])}
            times = interleaved(_ROUNDS, commands, peaks=True, before=lambda: _cleared(out, here))
            peak = max(peak, times["boxship"].peak_kib)
            yield from _rows(work, times)
        yield _memory(peak)
        yield from _of_many(source, target, here)


def _works(source: str, target: str, archive: Path, out: Path) -> Iterator[_Work]:
    image, there = f"{source}/multi:1", f"{target}/multi:1"
    copy = ("skopeo", "--insecure-policy", "copy", "-q")
    yield _Work(
        "pull to an OCI layout",
        {
            "boxship": (BOXSHIP, "pull", "-q", "--format=oci", image, f"{out}/image"),
            "crane": ("crane", "pull", "--format=oci", image, f"{out}/image"),
            "skopeo": (*copy, _PLAIN[0], f"docker://{image}", f"oci:{out}/image:1"),
        },
        {"crane": 1.0, "skopeo": 2.0},
    )
    yield _Work(
        "pull one layer of 1 GB to an OCI layout",
        {
            "boxship": (BOXSHIP, "pull", "-q", "--format=oci", f"{source}/big:1", f"{out}/image"),
            "crane": ("crane", "pull", "--format=oci", f"{source}/big:1", f"{out}/image"),
        },
        {"crane": 1.0},
    )
    yield _Work(
        "pull to a docker archive",
        {
            "boxship": (BOXSHIP, "pull", "-q", image, f"{out}/image.tar"),
            "crane": ("crane", "pull", image, f"{out}/image.tar"),
        },
        {"crane": 1.5},
    )
    yield _Work(
        "push from a docker archive",
        {
            "boxship": (BOXSHIP, "push", "-q", str(archive), there),
            "crane": ("crane", "push", str(archive), there),
        },
        {"crane": 1.0},
    )
    yield _Work(
        "copy between registries",
        {
            "boxship": (BOXSHIP, "copy", "-q", image, there),
            "crane": ("crane", "copy", image, there),
            "skopeo": (*copy, *_PLAIN, f"docker://{image}", f"docker://{there}"),
        },
        {"crane": 1.0},
    )
    yield _Work(
        "export the file system",
        {
            "boxship": (BOXSHIP, "export", image, f"{out}/files.tar"),
            "crane": ("crane", "export", image, f"{out}/files.tar"),
        },
        {"crane": 1.0},
    )
    yield _Work(
        "validate",
        {"boxship": (BOXSHIP, "validate", image), "crane": ("crane", "validate", "--remote", image)},
        {"crane": 2.0},
    )


def _changes(source: str, target: str, layers: Sequence[Path]) -> Iterator[_Work]:
    flat, new = f"{target}/multi:flat", f"{target}/multi:new"
    given = [word for layer in layers for word in ("-f", str(layer))]
    yield _Work(
        "flatten and push",
        {
            "boxship": (BOXSHIP, "flatten", "-q", f"{source}/multi:1", "-t", flat),
            "crane": ("crane", "flatten", f"{source}/multi:1", "-t", flat),
        },
        {"crane": 4.0},
    )
    yield _Work(
        "append the 8 layers to nothing and push",
        {
            "boxship": (BOXSHIP, "append", "-q", *given, "-t", new),
            "crane": ("crane", "append", *given, "-t", new),
        },
        {"crane": 2.0},
    )


def _layers(image: str, folder: Path) -> list[Path]:
    """The files of the image's layers."""
    subprocess.run([BOXSHIP, "pull", "-q", "--format=oci", image, folder], check=True, env=environment())
    return sorted(path for path in (folder / "blobs/sha256").iterdir() if path.stat().st_size > _SIZE)


def _rows(work: _Work, times: Mapping[str, Times]) -> Iterator[Row]:
    ours, sides = times["boxship"], Sides.timed(work.what, times)
    for name, least in work.least.items():
        if name in times:
            what = f"{work.what} ({ours.best:.2f} s), over {name} ({times[name].best:.2f} s)"
            yield Comparison(times[name], ours).throughput(what, least, sides)
    if "crane" in times:
        yield Comparison(ours.of_cpu, times["crane"].of_cpu).row(f"{work.what}: CPU, over crane's", _MOST_CPU)


def _memory(peak_kib: int) -> Row:
    megabytes = peak_kib * 1024 / 1e6
    return Row(
        name=f"peak memory of all that ({_LAYERS} layers at a time)",
        target=f"<= {_MOST_MB} MB",
        measured=f"{megabytes:.0f} MB",
        holds="yes" if megabytes <= _MOST_MB else "no",
    )


def _of_many(source: str, target: str, here: Path) -> Iterator[Row]:
    """Many small images, each of a process of the others, and all of one of boxship's."""
    names = [f"v{number}" for number in range(_IMAGES)]

    def crane(name: str) -> list[str]:
        return ["crane", "copy", f"{source}/many:{name}", f"{target}/many:{name}"]

    def skopeo(name: str) -> list[str]:
        reference = f"docker://{source}/many:{name}", f"docker://{target}/many:{name}"
        return ["skopeo", "--insecure-policy", "copy", "-q", *_PLAIN, *reference]

    ways: dict[str, Callable[[], None]] = {
        "boxship": lambda: _run([[BOXSHIP, "copy", "-q", "-a", f"{source}/many", f"{target}/many"]]),
        "skopeo": lambda: _run(map(skopeo, names)),
    }
    if not missing("crane"):
        ways["crane"] = lambda: _run(map(crane, names))
    times = {name: Times() for name in ways}
    for number in range(_ROUNDS_OF_MANY):
        for name, way in list(ways.items())[:: -1 if number % 2 else 1]:
            _cleared(here / "none", here)
            began = time.perf_counter()
            way()
            times[name].seconds.append(time.perf_counter() - began)
    sides = Sides.timed(f"copy {_IMAGES} images of 5 small layers", times)
    ours = times.pop("boxship")
    for name, theirs in times.items():
        what = f"{_IMAGES} images of 5 small layers ({ours.best:.1f} s), over a loop of `{name} copy`"
        yield Comparison(theirs, ours).throughput(f"{what} ({theirs.best:.1f} s)", 3.0, sides)


def _run(commands: Iterable[Sequence[str]]) -> None:
    for argv in commands:
        subprocess.run(argv, check=True, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _cleared(out: Path, here: Path) -> None:
    """Nothing is there of the last run, at the target neither."""
    for path in (out, here / "docker"):
        shutil.rmtree(path, ignore_errors=True)
    out.mkdir(exist_ok=True)


def _put_layers(storage: Storage) -> None:
    block = os.urandom(1024 * 1024)
    layers, diff_ids = [], []
    for number in range(_LAYERS):
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as tar:
            member = tarfile.TarInfo(f"layer-{number}")
            member.size = _SIZE
            content = b"".join(n.to_bytes(4, "big") + bytes([number]) + block for n in range(_SIZE // len(block) + 1))
            tar.addfile(member, io.BytesIO(content[:_SIZE]))
        diff_ids.append(f"sha256:{hashlib.sha256(plain.getbuffer()).hexdigest()}")
        # What deflate makes of noise: the same blocks, stored.
        packed = gzip.compress(plain.getbuffer(), 0, mtime=0)
        layers.append(storage.put_blob([packed], f"{OCI}.layer.v1.tar+gzip"))
    storage.put_manifest(layers, diff_ids, ["1"])


def _put_big(storage: Storage) -> None:
    block = os.urandom(1_000_000)
    storage.put_image((n.to_bytes(4, "big") + block[4:] for n in range(_BIG // len(block))), ["1"])


def _put_many(storage: Storage) -> None:
    for number in range(_IMAGES):
        layers = [storage.put_blob([os.urandom(_SMALL)], f"{OCI}.layer.v1.tar") for _ in range(5)]
        storage.put_manifest(layers, [str(layer["digest"]) for layer in layers], [f"v{number}"])
