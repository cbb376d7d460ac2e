"""One mirror by several processes, as the pods of an Indexed Job: all of it is there, and each layer came once."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from boxship.digest import Digest
from boxship.errors import InvalidSettings
from boxship.reference import Reference
from boxship.sync.plan import Do, Step
from boxship.sync.sharing import Shard, shard_of, share
from boxship.testing import Image, Request, put_image, random_image, registry
from tests.cli.front import front
from tests.cli.running import PATIENCE, begin, boxship

EXAMPLE = Path(__file__).parents[2] / "examples/sync-job.yaml"
SHARDS, IMAGES = 4, 24
_COMMIT = re.compile(r"PUT .*[?&]digest=(sha256(?::|%3A)[0-9a-f]+)")


def fill(address: str) -> list[str]:
    """Repositories that share a base among all, and a layer among some; the base's digests."""
    base = random_image(layers=2, layer_size=200_000).layers
    groups = [random_image(layers=1, layer_size=100_000).layers for _ in range(4)]
    for number in range(IMAGES):
        own = random_image(layers=1).layers
        image = Image.of([*base, *groups[number % 4], *own])
        put_image(address, f"app{number % 12}", f"v{number}", image)
    return [str(Digest.of(one)) for one in base]


def commits(requests: Iterable[Request]) -> Counter[str]:
    found = (_COMMIT.match(f"{one.method} {one.target}") for one in requests)
    return Counter(match[1].replace("%3A", ":") for match in found if match)


def together(commands: Iterable[Iterable[str]]) -> list[dict[str, int]]:
    """The reports of processes that run at the same time."""
    with ExitStack() as stack:
        running = [stack.enter_context(begin(*words, "-o", "json")) for words in commands]
        for process in running:
            stack.callback(process.kill)
        ended = [(process, *process.communicate(timeout=3 * PATIENCE)) for process in running]
    assert [errors.decode() for process, _, errors in ended if process.returncode] == []
    return [json.loads(output) for _, output, _ in ended]


@pytest.mark.parametrize("stored", [False, True], ids=["each plans", "a plan"])
def test_what_shards_share_is_sent_once(tmp_path: Path, *, stored: bool) -> None:
    with registry() as source, registry() as target, front(target.address, lambda _: None) as there:
        fill(source.address)
        words = ["sync", source.address, f"{there.url}/m/{{repository}}"]
        if stored:
            plan = tmp_path / "plan.jsonl"
            plan.write_text(boxship(*words, "--dry-run", "--blobs", "-o", "jsonl").output)
            words = ["sync", "--apply", str(plan)]
        reports = together([*words, "--shard", f"{number}/{SHARDS}"] for number in range(SHARDS))
        assert sum(report["copied"] for report in reports) == IMAGES
        assert sum(report["copied"] > 0 for report in reports) > 1
        sent = commits(there.requests)
        assert set(sent.values()) == {1}
        assert len(sent) == 2 + 4 + 2 * IMAGES
        assert boxship("sync", source.address, f"{target.address}/m/{{repository}}", "--check").status == 0


def test_what_a_lower_shard_brings_is_waited_for() -> None:
    waited = threading.Event()

    def asked(request: Request) -> None:
        if sum(one.method == "HEAD" and "/blobs/" in one.target for one in there.requests) > 60:
            waited.set()

    with registry() as source, registry() as target, front(target.address, asked) as there, ExitStack() as stack:
        base = fill(source.address)
        numbers = [shard_of(Reference.parse(f"{there.url}/m/app{number}"), SHARDS) for number in range(12)]
        first, *others = sorted(set(numbers))
        words = ["sync", source.address, f"{there.url}/m/{{repository}}", "-q", "--shard"]
        running = [stack.enter_context(begin(*words, f"{number}/{SHARDS}")) for number in others]
        for process in running:
            stack.callback(process.kill)
        assert waited.wait(PATIENCE)
        assert [blob for blob in base if blob in commits(there.requests)] == []
        together([[*words, f"{first}/{SHARDS}"]])
        assert [process.wait(3 * PATIENCE) for process in running] == [0] * len(running)
        assert {commits(there.requests)[blob] for blob in base} == {1}


def test_the_examples_job_does_all_of_its_plan(tmp_path: Path) -> None:
    (job,) = yaml.safe_load_all(EXAMPLE.read_text())
    spec = job["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert (spec["completionMode"], spec["completions"]) == ("Indexed", spec["parallelism"])
    folder, login = tmp_path / "mirror", tmp_path / "login"
    folder.mkdir()
    login.mkdir()
    (login / ".dockerconfigjson").write_text('{"auths": {}}')
    with registry() as source, registry() as target:
        fill(source.address)
        text = f"sync: [{{source: '{source.address}', target: '{target.address}/{{repository}}'}}]"
        (folder / "mirror.yaml").write_text(text)
        planned = boxship("sync", str(folder / "mirror.yaml"), "--dry-run", "--blobs", "-o", "jsonl")
        (folder / "plan.jsonl").write_text(planned.output)

        def command(number: int) -> list[str]:
            words = [*container["command"], *container["args"]]
            told = (word.replace("$(JOB_COMPLETION_INDEX)", str(number)) for word in words[1:])
            return [word.replace("/mirror/", f"{folder}/").replace("/login/", f"{login}/") for word in told]

        reports = together(map(command, range(spec["completions"])))
        assert sum(report["copied"] for report in reports) == IMAGES


def step(name: str, *blobs: str) -> Step:
    digests = tuple(Digest.of(blob.encode()) for blob in blobs)
    source, target = (Reference.parse(f"{host}/{name}:1") for host in ("a.corp", "b.corp"))
    return Step(do=Do.COPY, source=source, target=target, digest=digests[0], was=None, blobs=digests)


def test_shards_find_the_same_owner_and_home_of_a_blob_and_wait_for_a_while() -> None:
    names = sorted((f"app{number}" for number in range(30)), key=hash)
    steps = [step(name, name, "shared") for name in names]
    shared = steps[0].target.registry, Digest.of(b"shared")
    numbers = [shard_of(one.target, 3) for one in steps]
    assert set(numbers) == {0, 1, 2}
    first = steps[numbers.index(0)].target.repository
    found = [share(steps, Shard(number, 3)) for number in range(3)]
    assert [sharing.home(shared) for sharing in found] == [first] * 3
    assert [sharing.elsewhere(shared) for sharing in found] == [False, True, True]
    assert not share(steps, Shard(1, 3), patience=0.0).elsewhere(shared)


def test_what_a_shard_that_died_was_to_bring_is_brought_by_those_that_need_it(tmp_path: Path) -> None:
    with registry() as source, registry() as target:
        fill(source.address)
        numbers = {shard_of(Reference.parse(f"{target.address}/m/app{number}"), SHARDS) for number in range(12)}
        last = f"{max(numbers)}/{SHARDS}"  # the address decides, and leaves a shard with nothing now and then
        words = ("sync", source.address, f"{target.address}/m/{{repository}}", "--shard", last)
        done = boxship(*words, "--shard-timeout", "1", "-o", "json")
        assert done.status == 0, done.errors
        assert json.loads(done.output)["copied"] > 0


@pytest.mark.parametrize("wrong", ["4/4", "1", "-1/4", "a/b", "0/0"])
def test_a_shard_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidSettings, match="counted from 0"):
        Shard.parse(wrong)


@pytest.mark.parametrize("seconds", ["inf", "nan", "-1", "soon"])
@pytest.mark.parametrize("flag", ["--shard-timeout", "--scheduler-timeout"])
def test_a_wait_has_an_end(flag: str, seconds: str) -> None:
    done = boxship("sync", "127.0.0.1:1", "127.0.0.1:1/m/{repository}", "--shard", "0/2", f"{flag}={seconds}")
    assert (done.status, "is no number of seconds above 0" in done.errors) == (2, True)
