"""`boxship audit` of 10,000 references, 3,000 of them distinct, against the embedded registry."""

from __future__ import annotations

__all__ = ["run"]

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from measure import Row, verdict

from boxship import Client
from boxship.audit.examine import Wanted, audit
from boxship.audit.sources import Reading, read_files, uses_in
from boxship.audit.use import Text, Uses
from boxship.platform import Platform
from boxship.testing import put_tags, registry

_ROUNDS = 5
_REFERENCES, _DISTINCT, _REPOSITORIES = 10_000, 3_000, 30
_LEAST = 4_000
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
        for_amd = Wanted((Platform.parse("linux/amd64"),))
        yield _row("a plain list", lambda: _audited(listed, Wanted(), client))
        yield _row("rendered Kubernetes YAML", lambda: _audited(rendered, Wanted(), client))
        yield _row("the whole command, of a list", lambda: _command(listed))
        yield _row("the whole command, of rendered YAML", lambda: _command(rendered))
        yield _row("a list, with --platform", lambda: _audited(listed, for_amd, client), least=0)


def _objects(references: list[str]) -> Iterator[str]:
    for number in range(0, len(references), 2):
        yield _DEPLOYMENT.format(number=number, first=references[number], second=references[number + 1])


def _row(what: str, work: Callable[[], None], *, least: int = _LEAST) -> Row:
    rates = [_rate(work) for _ in range(_ROUNDS + 1)][1:]
    return Row(
        name=f"`boxship audit` of {_REFERENCES:,} references ({_DISTINCT:,} distinct), reading included: {what}",
        target=f">= {least:,}/s" if least else "measured",
        measured=f"{max(rates):,.0f}/s (median {median(rates):,.0f})",
        spread=f"{min(rates):,.0f}-{max(rates):,.0f}, {_ROUNDS} rounds",
        holds=verdict(max(rates) >= least, median(rates) >= least) if least else "",
        facts={what: rates},
    )


def _rate(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return _REFERENCES / (time.perf_counter() - began)


def _audited(file: Path, wanted: Wanted, client: Client) -> None:
    texts = [text for text in read_files([str(file)]) if isinstance(text, Text)]
    report = audit(client, Uses.joined(uses_in(text, Reading()) for text in texts), wanted)
    assert report.healthy
    assert (len(report.images), sum(len(one.uses) for one in report.images)) == (_DISTINCT, _REFERENCES)


def _command(file: Path) -> None:
    command = [sys.executable, "-m", "boxship", "audit", str(file)]
    ended = subprocess.run(command, capture_output=True, check=True)
    assert f"{_DISTINCT} images, used {_REFERENCES} times in 1 file: 0 errors" in ended.stderr.decode()
