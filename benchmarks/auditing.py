"""`boxship audit` of 10,000 references, 3,000 of them distinct, against the embedded registry."""

from __future__ import annotations

__all__ = ["rows", "run"]

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from bare import asked
from measure import Row, Sides, environment, verdict
from programs import askers

from boxship import Client
from boxship.audit.examine import Wanted, audit
from boxship.audit.sources import Reading, read_files, uses_in
from boxship.audit.use import Text, Uses
from boxship.platform import Platform
from boxship.testing import put_tags, registry

_ROUNDS = 5
_REFERENCES, _DISTINCT, _REPOSITORIES = 10_000, 3_000, 30
_LOOPED = 60  # images
_LEAST = 4_000
_COMMAND = "boxship, the whole command, of a list"
_FOR_AMD = "boxship, a list, with --platform"
_BARE = "bare http.client, only asking"
_DEPLOYMENT = """\
---
# Source: fleet/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number}
  labels:
    app.kubernetes.io/name: app
spec:
  replicas: 2
  template:
    metadata:
      labels:
        app.kubernetes.io/name: app
    spec:
      containers:
        - name: app
          image: "{first}"
          resources:
            limits:
              memory: 128Mi
        - name: side
          image: "{second}"
"""


def run(folder: Path) -> Iterator[Row]:
    """The rows of audits."""
    with registry(folder / "registry") as running, Client() as client:
        tags = [f"v{number}" for number in range(_DISTINCT // _REPOSITORIES)]
        for number in range(_REPOSITORIES):
            put_tags(running.address, f"app{number}", tags)
        distinct = [f"{running.address}/app{n}:{tag}" for n in range(_REPOSITORIES) for tag in tags]
        references = [distinct[number % _DISTINCT] for number in range(_REFERENCES)]
        listed, rendered = folder / "images.txt", folder / "fleet.yaml"
        listed.write_text("".join(f"{reference}\n" for reference in references))
        rendered.write_text("".join(_objects(references)))
        works = {
            **_ours(listed, rendered, client),
            _BARE: _Work(lambda: asked(running.address, [_path(reference) for reference in distinct])),
            **dict(_loops(distinct)),
        }
        rates = _in_turn(works)
    yield from rows(rates)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done, and for how many of the references."""

    do: Callable[[], None]
    references: int = _REFERENCES


def _ours(listed: Path, rendered: Path, client: Client) -> dict[str, _Work]:
    for_amd = Wanted((Platform.parse("linux/amd64"),))
    return {
        "boxship, a plain list": _Work(lambda: _audited(listed, Wanted(), client)),
        "boxship, rendered Kubernetes YAML": _Work(lambda: _audited(rendered, Wanted(), client)),
        _COMMAND: _Work(lambda: _command(listed)),
        "boxship, the whole command, of rendered YAML": _Work(lambda: _command(rendered)),
        _FOR_AMD: _Work(lambda: _audited(listed, for_amd, client)),
    }


def _loops(distinct: Sequence[str]) -> Iterator[tuple[str, _Work]]:
    """A loop of another program over some of the images, each once: all of them would take minutes."""
    some = [reference.rpartition(":") for reference in distinct[:: _DISTINCT // _LOOPED]]
    for program in askers("", "")["manifest"]:
        commands = [askers(repository, tag)["manifest"][program] for repository, _, tag in some]
        yield f"{program}, a loop", _Work(partial(_run_all, commands), len(commands) * _REFERENCES // _DISTINCT)


def _run_all(commands: Sequence[Sequence[str]]) -> None:
    for command in commands:
        subprocess.run(command, capture_output=True, check=True, env=environment())


def _path(reference: str) -> str:
    _, _, rest = reference.partition("/")
    repository, _, tag = rest.rpartition(":")
    return f"/v2/{repository}/manifests/{tag}"


def _objects(references: list[str]) -> Iterator[str]:
    for number in range(0, len(references), 2):
        yield _DEPLOYMENT.format(number=number, first=references[number], second=references[number + 1])


def _in_turn(works: Mapping[str, _Work]) -> dict[str, list[float]]:
    """References a second of each in turn, so many rounds and one more that does not count."""
    rates: dict[str, list[float]] = {name: [] for name in works}
    for number in range(_ROUNDS + 1):
        for name, work in list(works.items())[:: -1 if number % 2 else 1]:
            began = time.perf_counter()
            work.do()
            if number:
                rates[name].append(work.references / (time.perf_counter() - began))
    return rates


def rows(rates: Mapping[str, Sequence[float]]) -> Iterator[Row]:
    """The rows of references a second, by the program and its way."""
    sides = Sides(work=f"audit of {_REFERENCES:,} references", values=rates, unit="/s")
    for name, each in rates.items():
        program, _, way = name.partition(", ")
        if program == "boxship":
            yield _row(way, each, sides, least=0 if name == _FOR_AMD else _LEAST)
    for name in rates:
        if not name.startswith("boxship"):
            yield _share(name, rates, sides)


def _row(way: str, rates: Sequence[float], sides: Sides, *, least: int) -> Row:
    return Row(
        name=f"`boxship audit` of {_REFERENCES:,} references ({_DISTINCT:,} distinct), reading included: {way}",
        target=f">= {least:,}/s" if least else "measured",
        measured=f"{max(rates):,.0f}/s (median {median(rates):,.0f})",
        spread=f"{min(rates):,.0f}-{max(rates):,.0f}, {len(rates)} rounds",
        holds=verdict(max(rates) >= least, median(rates) >= least) if least else "",
        sides=sides,
    )


def _share(name: str, rates: Mapping[str, Sequence[float]], sides: Sides) -> Row:
    """The whole command beside what only asks for each image once, and reads no list."""
    ours, theirs = rates[_COMMAND], rates[name]
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Row(
        name=f"the whole command, of a list, over {name} ({max(theirs):,.0f}/s)",
        target="measured",
        measured=f"{max(ours) / max(theirs):.2f} x (median {median(ratios):.2f})",
        spread=f"{min(ratios):.2f}-{max(ratios):.2f}, {len(ratios)} rounds",
        holds="",
        sides=sides,
    )


def _audited(file: Path, wanted: Wanted, client: Client) -> None:
    texts = [text for text in read_files([str(file)]) if isinstance(text, Text)]
    report = audit(client, Uses.joined(uses_in(text, Reading()) for text in texts), wanted)
    assert report.healthy
    assert (len(report.images), sum(len(one.uses) for one in report.images)) == (_DISTINCT, _REFERENCES)


def _command(file: Path) -> None:
    command = [sys.executable, "-m", "boxship", "audit", str(file)]
    ended = subprocess.run(command, capture_output=True, check=True)
    assert f"{_DISTINCT} images, used {_REFERENCES} times in 1 file: 0 errors" in ended.stderr.decode()
