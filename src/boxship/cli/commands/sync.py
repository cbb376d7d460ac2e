"""`boxship sync`: many images, kept the same in two places."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from boxship.cli import console, moving, named
from boxship.cli.bounds import seconds_of
from boxship.cli.statuses import FINDINGS
from boxship.cli.sync_output import show_plan, tell_done, tell_report
from boxship.cli.syncing import EXAMPLE, clients_here, in_a_worker, once, read, written_of
from boxship.cli.tracer import Tracer
from boxship.sync.clients import Clients
from boxship.sync.executors import threads
from boxship.sync.mirror import Mirror
from boxship.sync.plan import Do, Step, read_plan
from boxship.sync.planning import Failed
from boxship.sync.report import Report
from boxship.sync.running import Submit
from boxship.sync.sharing import PATIENCE, Shard
from boxship.sync.state import State
from boxship.sync.wish import Written
from boxship.verbs.moving import JOBS

SUMMARY = "Keep images the same in two places: of a YAML file (boxship's, skopeo's or regsync's), or of one source."
_AHEAD = 4  # images on their way for each thread
_SEVERAL = (
    ("--repo-allow", "REGEX", "only such repositories, as a whole"),
    ("--repo-deny", "REGEX", "no such repositories"),
    ("--allow", "REGEX", "only such tags, as a whole"),
    ("--deny", "REGEX", "no such tags"),
    ("--semver", "RANGE", "only such versions: '>=1.2, <2 || ~3.1'"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("source", nargs="?", help="a YAML file, a registry, a repository or an image")
    parser.add_argument("target", nargs="?", help="with {registry}, {repository}, {name} and {tag}; not of a YAML file")
    _add_wanted(parser.add_argument_group("which images (of a source that is no file)"))
    how = parser.add_argument_group("what is done")
    how.add_argument("--dry-run", action="store_true", help="print the plan, and do nothing")
    how.add_argument("--check", action="store_true", help="the same; what is not as it should be ends with 8")
    how.add_argument("--blobs", action="store_true", help="with the blobs of each image in the plan, for --shard")
    how.add_argument("--apply", metavar="PLAN|-", help="do what a plan says that --dry-run -o jsonl has printed")
    how.add_argument("--prune", action="store_true", help="take other tags away in the targets' repositories")
    how.add_argument("--keep-going", action="store_true", help="go on where an image fails")
    how.add_argument("--state", type=Path, metavar="FILE", help="remember what need not be asked again")
    how.add_argument("--metrics", type=named.place, metavar="FILE", help="write numbers for Prometheus at the end")
    where = how.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="have the workers of a dask cluster do it")
    words = "for the scheduler to answer, and for a first worker (default: 30)"
    how.add_argument("--scheduler-timeout", type=seconds_of, default=30.0, metavar="SECONDS", help=words)
    where.add_argument("--shard", metavar="I/N", help="only this of so many parts, counted from 0")
    words = "until what another shard was to bring is brought by this one (default: 600)"
    how.add_argument("--shard-timeout", type=seconds_of, default=PATIENCE, metavar="SECONDS", help=words)
    how.add_argument("-o", dest="form", choices=("table", "json", "jsonl"), default="table", help="what is printed")
    moving.add_moving(parser, jobs="questions, manifests and blobs")
    parser.set_defaults(jobs=None)


def _add_wanted(wanted: argparse._ArgumentGroup) -> None:
    for name, value, words in _SEVERAL:
        wanted.add_argument(name, action="append", default=[], metavar=value, help=words)
    wanted.add_argument("--since", metavar="DATE|AGE", help="only images made since: 2024-01-31, 90d")
    wanted.add_argument("--before", metavar="DATE|AGE", help="only images made before")
    wanted.add_argument("--filter", action="store_true", help="of several platforms, make an index of those alone")
    wanted.add_argument("--referrers", action="store_true", help="bring what refers to images, and cosign's tags")
    wanted.add_argument("--backup", metavar="NAME", help="what an image is called before another gets its tag")
    wanted.add_argument("--scoped", action="store_true", help="of skopeo's file: with the registry in the target")


def run(chosen: argparse.Namespace) -> int:
    """Plan, and do what was planned."""
    began = time.monotonic()
    chosen, written, state = once(chosen), written_of(chosen), State(chosen.state)
    if chosen.scheduler:
        in_a_worker(chosen, written.access)  # what is not sent there is said before anything is asked
    for words in written.left:
        console.complain(f"boxship: {words}")
    with (
        Tracer(chosen.verbose, chosen.trace, quiet=chosen.quiet) as tracer,
        clients_here(chosen, written.access, tracer) as clients,
    ):
        tell, shard = partial(_tell_failed, chosen), Shard.parse(chosen.shard) if chosen.shard else None
        mirror = Mirror(clients=clients, state=state, shard=shard, patience=chosen.shard_timeout, tell=tell)
        if chosen.apply:
            steps = mirror.applied(read_plan(read(chosen.apply, f"--apply {chosen.apply}").splitlines(), chosen.apply))
        else:
            steps = mirror.planned(written.wishes, prune=chosen.prune, blobs=chosen.blobs)
        if chosen.dry_run or chosen.check:
            return _shown(steps, mirror.report, chosen)
        todo = [step for step in steps if step.do is not Do.NOTHING]
        mirror.report.leave(step for step in steps if step.do is Do.NOTHING)
        if todo and (chosen.keep_going or not mirror.report.errors):
            _do(todo, mirror, chosen, written)
    mirror.report.seconds = time.monotonic() - began
    tell_report(mirror.report, chosen)
    return mirror.report.status


def _tell_failed(chosen: argparse.Namespace, failed: Failed) -> None:
    console.fail(failed.error, chosen, str(failed.reference))


def _shown(steps: list[Step], report: Report, chosen: argparse.Namespace) -> int:
    show_plan(steps, report, chosen)
    if report.status:
        return report.status
    return FINDINGS if chosen.check and any(step.do is not Do.NOTHING for step in steps) else 0


def _do(todo: list[Step], mirror: Mirror, chosen: argparse.Namespace, written: Written) -> None:
    with _tasks(mirror.clients, chosen, written) as (submit, at_once):
        done_by_done = mirror.run(todo, submit, at_once=at_once, keep_going=chosen.keep_going)
        for number, done in enumerate(done_by_done, 1):
            tell_done(done, chosen, f"{number} of {len(todo)}")


@contextmanager
def _tasks(clients: Clients, chosen: argparse.Namespace, written: Written) -> Iterator[tuple[Submit, int]]:
    """Who does them, and how many images are on their way at a time."""
    if not chosen.scheduler:
        jobs = chosen.jobs or written.jobs or JOBS
        with threads(jobs, clients) as submit:
            yield submit, _AHEAD * jobs
        return
    from boxship.sync.cluster import cluster  # noqa: PLC0415 -- an extra

    with cluster(
        chosen.scheduler, in_a_worker(chosen, written.access), patience=chosen.scheduler_timeout
    ) as submitting:
        yield submitting
