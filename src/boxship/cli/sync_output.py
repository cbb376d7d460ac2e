"""What `boxship sync` prints: the plan, what became of each image, and the numbers at the end."""

from __future__ import annotations

__all__ = ["show_plan", "tell_done", "tell_report"]

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

from boxship.cli import console
from boxship.cli.tally import bytes_of
from boxship.formats.written import in_words, write_file
from boxship.registry.uploads import How
from boxship.sync.plan import SCHEMA, Do, Step, written
from boxship.sync.report import Report, Row, metrics
from boxship.sync.running import Done
from boxship.value import fields

_DONE = "boxship.sync.done/1"


def show_plan(steps: list[Step], report: Report, chosen: argparse.Namespace) -> None:
    """The plan on stdout, and in a line on stderr what it comes to."""
    if chosen.form == "json":
        console.say(json.dumps({"schema": SCHEMA, "steps": [json.loads(written(step)) for step in steps]}))
    for step in steps:
        if chosen.form == "jsonl":
            console.say(written(step))
        elif chosen.form == "table" and step.do is not Do.NOTHING:
            console.say(f"{step.do:<6} {step.target} {step.digest or step.was}")
    counts = {kind: sum(step.do is kind for step in steps) for kind in Do}
    words = f"{counts[Do.COPY]} to be copied, {counts[Do.UNTAG]} to be taken away, {counts[Do.NOTHING]} unchanged"
    console.complain(f"boxship: {words}" + (f", {len(report.errors)} failed" if report.errors else ""))


def tell_done(done: Done, chosen: argparse.Namespace, number: str) -> None:
    """What became of a step: a line on stderr, and of JSON on stdout where that is wanted."""
    step, digest = done.step, done.copied and str(done.copied.digest)
    if done.error:
        console.fail(done.error, chosen, str(step.source or step.target))
    elif not chosen.quiet and chosen.progress != "none":
        blobs = done.ways.get(How.PUSHED, 0)
        sent = f", {blobs} blob{'s' * (blobs != 1)} sent ({bytes_of(done.size)})" if blobs else ""
        console.complain(f"boxship: {number}: {step.target} {f'is {digest}{sent}' if digest else 'is taken away'}")
    if chosen.form == "jsonl":
        told = {"do": step.do.value, "target": str(step.target), "digest": digest, "bytes": done.size}
        console.say(json.dumps({"schema": _DONE, **told, "error": done.error and str(done.error)}))


def tell_report(report: Report, chosen: argparse.Namespace) -> None:
    """The numbers: on stdout, and in the file for Prometheus."""
    if chosen.metrics:
        with in_words(f"{chosen.metrics} cannot be written"):
            write_file(Path(chosen.metrics), "".join(f"{line}\n" for line in metrics(report, time.time())).encode())
    if chosen.form != "table":
        console.say(json.dumps(report.fields()))
        return
    rows = {**dict(sorted(report.repositories.items())), "in all": report.total}
    names = tuple(one.name for one in fields(Row))
    wide = max(map(len, rows))
    console.say(
        f"{'':<{wide}} " + " ".join(f"{name:>9}" for name in names),
        *(f"{name:<{wide}} " + " ".join(f"{asdict(row)[one]:>9}" for one in names) for name, row in rows.items()),
    )
