"""`boxship sync` as people run it: what is copied, what is asked, and what is left alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.testing import (
    Answer,
    Request,
    RunningRegistry,
    ScriptedRegistry,
    basic,
    put_image,
    put_tags,
    registry,
    serving,
)
from tests.cli.front import front
from tests.cli.running import boxship


@pytest.fixture
def source() -> Iterator[RunningRegistry]:
    with registry() as running:
        for tag in ("1.0", "1.1", "2.0", "2.1-rc1", "latest"):
            put_image(running.address, "team/app", tag)
        put_image(running.address, "other", "1.0")
        yield running


@pytest.fixture
def target() -> Iterator[RunningRegistry]:
    with registry(allow_delete=True) as running:
        yield running


def tags(at: RunningRegistry, repository: str) -> list[str]:
    return sorted(boxship("ls", f"{at.address}/{repository}").output.split())


def config(folder: Path, text: str) -> str:
    file = folder / "mirror.yaml"
    file.write_text(text)
    return str(file)


def test_all_filters_hold_together(source: RunningRegistry, target: RunningRegistry, tmp_path: Path) -> None:
    file = config(
        tmp_path,
        f"""
        sync:
          - source: {source.address}
            target: {target.address}/from/{{repository}}
            repositories: {{allow: ["team/.*"]}}
            tags: {{semver: ">=1.0", deny: ["2.*"]}}
        """,
    )
    done = boxship("sync", file, "-o", "json")
    assert done.status == 0, done.errors
    assert tags(target, "from/team/app") == ["1.0", "1.1"]
    assert boxship("catalog", target.address).output.split() == ["from/team/app"]
    assert json.loads(done.output)["copied"] == 2


def test_a_mirror_that_is_unchanged_costs_a_head_a_tag_and_side(
    source: RunningRegistry, target: RunningRegistry
) -> None:
    with front(source.address, lambda _: None) as here, front(target.address, lambda _: None) as there:
        words = ("sync", f"{here.url}/team/app", f"{there.url}/app", "-o", "json")
        assert json.loads(boxship(*words).output)["copied"] == 5
        before = len(here.requests), len(there.requests)
        again = json.loads(boxship(*words).output)
        assert (again["copied"], again["unchanged"]) == (0, 5)
        asked = [*here.requests[before[0] :], *there.requests[before[1] :]]
        heads = [request for request in asked if request.method == "HEAD"]
        lists = [request for request in asked if "/tags/list" in request.target]
        assert (len(heads), len(lists)) == (10, 1)
        assert [one.target for one in asked if one not in (*heads, *lists) and one.target != "/v2/"] == []


def test_a_plan_is_stored_reviewed_and_applied(
    source: RunningRegistry, target: RunningRegistry, tmp_path: Path
) -> None:
    words = ("sync", f"{source.address}/team/app", f"{target.address}/app")
    dry = boxship(*words, "--dry-run", "-o", "jsonl")
    assert (dry.status, boxship("catalog", target.address).output) == (0, "")
    planned = boxship("digest", f"{source.address}/team/app:1.0").output
    put_image(source.address, "team/app", "1.0")  # what was reviewed is what is copied
    plan = tmp_path / "plan.jsonl"
    plan.write_text("\n".join(line for line in dry.output.splitlines() if "latest" not in line))
    assert boxship("sync", "--apply", str(plan)).status == 0
    assert tags(target, "app") == ["1.0", "1.1", "2.0", "2.1-rc1"]
    assert boxship("digest", f"{target.address}/app:1.0").output == planned
    plan.write_text('{"schema": "boxship.sync/1", "do": "fly"}')
    wrong = boxship("sync", "--apply", str(plan))
    assert (wrong.status, f"{plan}:1" in wrong.errors) == (2, True)


def test_a_plan_is_not_applied_where_the_target_has_changed(
    source: RunningRegistry, target: RunningRegistry, tmp_path: Path
) -> None:
    words = ("sync", f"{source.address}/team/app", f"{target.address}/app")
    plan = tmp_path / "plan.jsonl"
    plan.write_text(boxship(*words, "--dry-run", "-o", "jsonl").output)
    put_image(target.address, "app", "2.0")
    done = boxship("sync", "--apply", str(plan), "--keep-going", "-o", "json")
    assert (done.status, json.loads(done.output)["copied"], json.loads(done.output)["failed"]) == (1, 4, 1)
    assert "app:2.0 has changed since it was planned" in done.errors
    again = json.loads(boxship("sync", "--apply", str(plan), "--keep-going", "-o", "json").output)
    assert (again["copied"], again["unchanged"]) == (0, 4)


def test_check_says_whether_it_is_so(source: RunningRegistry, target: RunningRegistry) -> None:
    words = ("sync", f"{source.address}/other", f"{target.address}/other")
    assert boxship(*words, "--check").status == 8
    assert boxship(*words).status == 0
    assert boxship(*words, "--check").status == 0


def test_a_true_mirror_has_nothing_else(source: RunningRegistry, target: RunningRegistry) -> None:
    put_image(target.address, "app", "stale")
    words = ("sync", f"{source.address}/team/app", f"{target.address}/app", "--allow", "1.*")
    assert boxship(*words).status == 0
    assert tags(target, "app") == ["1.0", "1.1", "stale"]
    assert boxship(*words, "--prune").status == 0
    assert tags(target, "app") == ["1.0", "1.1"]


def test_nothing_is_pruned_where_a_source_could_not_be_listed(
    source: RunningRegistry, target: RunningRegistry, tmp_path: Path
) -> None:
    put_tags(target.address, "app", ["stale"])
    entries = "".join(
        f"\n  - {{source: {source.address}/{name}, target: {target.address}/app}}" for name in ("team/app", "missing")
    )
    done = boxship("sync", config(tmp_path, f"sync:{entries}"), "--prune", "--keep-going")
    assert done.status == 3
    assert "missing" in done.errors
    assert "stale" in tags(target, "app")
    assert "1.0" in tags(target, "app")


def test_one_platform_is_known_again_by_the_state(
    source: RunningRegistry, target: RunningRegistry, tmp_path: Path
) -> None:
    state, metrics = tmp_path / "state.json", tmp_path / "boxship.prom"
    words = ("sync", f"{source.address}/other", f"{target.address}/o", "--since", "1h")
    # The image says no date: it is not of this hour, and that is remembered.
    assert json.loads(boxship(*words, "--state", str(state), "-o", "json").output)["copied"] == 0
    assert '"fact": "created"' in state.read_text()
    done = boxship(*words[:-2], "--state", str(state), "--metrics", str(metrics))
    assert done.status == 0
    assert f'\nboxship_sync_copied{{repository="{target.address}/o"}} 1\n' in metrics.read_text()
    assert "\nboxship_sync_success 1\n" in metrics.read_text()


def test_skopeos_file_is_read_as_it_is(source: RunningRegistry, target: RunningRegistry, tmp_path: Path) -> None:
    file = config(
        tmp_path,
        f"""
        {source.address}:
          images:
            other: []
          images-by-tag-regex:
            team/app: ^lat
          images-by-semver:
            team/app: "^1.0"
          tls-verify: false
        """,
    )
    assert boxship("sync", file).status == 2
    assert boxship("sync", file, f"{target.address}/s").status == 0
    assert tags(target, "s/app") == ["1.0", "1.1", "latest"]
    assert tags(target, "s/other") == ["1.0"]


def test_regsyncs_file_is_read_as_it_is(source: RunningRegistry, target: RunningRegistry, tmp_path: Path) -> None:
    file = config(
        tmp_path,
        f"""
        version: 1
        creds:
          - {{registry: "{source.address}", tls: disabled}}
        defaults: {{parallel: 2, interval: 60m, ratelimit: {{min: 100, retry: 15m}}}}
        sync:
          - {{source: "{source.address}/other:1.0", target: '{{{{env "THERE"}}}}/image:one', type: image}}
          - source: {source.address}/team/app
            target: {target.address}/repository
            type: repository
            tags: {{allow: ["1.*", "latest"], deny: [latest]}}
          - {{source: "{source.address}", target: {target.address}, type: registry, repos: {{allow: [other]}}}}
        """,
    )
    done = boxship("sync", file, env={"THERE": target.address})
    assert done.status == 0, done.errors
    assert tags(target, "image") == ["one"]
    assert tags(target, "repository") == ["1.0", "1.1"]
    assert tags(target, "other") == ["1.0"]


def test_a_pull_secret_on_standard_input_is_for_all_clients(
    source: RunningRegistry, target: RunningRegistry, tmp_path: Path
) -> None:
    hosts = f"hosts: {{'{source.address}': {{concurrency: 2}}, '{target.address}': {{concurrency: 2}}}}"
    file = config(tmp_path, f"{hosts}\nsync: [{{source: {source.address}/other, target: {target.address}/other}}]")
    kind = {"kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "metadata": {"name": "pull"}}
    secret = json.dumps({**kind, "stringData": {".dockerconfigjson": '{"auths": {}}'}}).encode()
    assert boxship("sync", file, "--from-secret", "-", given=secret).status == 0
    sent = boxship("sync", file, "--from-secret", "-", "--scheduler", "tcp://127.0.0.1:1", given=secret)
    assert (sent.status, "no credential is sent" in sent.errors) == (2, True)


def test_a_password_of_a_file_is_in_nothing_that_is_written(
    source: RunningRegistry, target: RunningRegistry, tmp_path: Path
) -> None:
    password, pair = "never-written-5e1c", base64.b64encode(b"robot:never-written-5e1c").decode()
    unauthorized = Answer(401, b"", headers=[("WWW-Authenticate", 'Basic realm="there"'), ("Content-Length", "0")])
    refused = Answer(403, b"", headers=[("Content-Length", "0")])

    def guarded(request: Request) -> Answer | None:
        if request.headers.get("authorization") != f"Basic {pair}":
            return unauthorized
        return refused if request.path.endswith("/manifests/2.0") else None

    with front(source.address, guarded) as here:
        creds = f"creds: [{{registry: '{here.address}', user: robot, pass: {password}, tls: disabled}}]"
        entry = f"source: {here.address}/team/app, target: {target.address}/app, type: repository"
        file = config(tmp_path, f"version: 1\n{creds}\nsync: [{{{entry}, platform: linux/amd64}}]")
        kept = [tmp_path / name for name in ("state", "metrics.prom", "trace.jsonl", "trace.har")]
        plan = boxship("sync", file, "--dry-run", "--blobs", "-o", "jsonl", "-vv")
        words = ("--state", str(kept[0]), "--metrics", str(kept[1]), "--keep-going", "-o", "jsonl", "-vv", "--trace")
        done = [boxship("sync", file, *words, str(trace)) for trace in kept[2:]]
    assert [one.status for one in done] == [4, 4]
    assert json.loads(done[0].output.splitlines()[-1])["copied"] == 4
    written = [plan.output, plan.errors, *(one.output + one.errors for one in done), *(one.read_text() for one in kept)]
    assert [text for text in written if password in text or pair in text] == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["missing.yaml"], "cannot be read"),
        (["--apply", "missing.jsonl"], "cannot be read"),
        (["a.invalid:1", "b.invalid:1"], "a repository is missing"),
        (["a.invalid/b"], "the target is missing"),
        ([], "nothing says what is wanted"),
        (["a.invalid/b", "c.invalid/d", "--shard", "4/4"], "counted from 0"),
        ([__file__, "--deny", "x"], f"--deny\n  why: {__file__} says which images"),
        ([__file__, "--platform", "linux/arm64"], "says which images"),
        (["--apply", "p.jsonl", "--prune"], "the plan p.jsonl says which images"),
        (["--apply", "p.jsonl", "--repo-allow", "a"], "--repo-allow"),
        (["a.invalid/b", "c.invalid/d", "--scoped"], "only skopeo's file"),
        (["a.invalid/b", "c.invalid/d", "--since", ""], "no date and no age"),
    ],
)
def test_words_that_mean_nothing_are_said_before_anything_is_asked(words: list[str], why: str) -> None:
    done = boxship("sync", *words)
    assert (done.status, why in done.errors) == (2, True)


@pytest.mark.parametrize("told", ["pä", '{{file "TOKEN"}}'])
def test_a_file_is_utf_8_whatever_the_locale_is(told: str, tmp_path: Path) -> None:
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    with serving(ScriptedRegistry(access=basic("ana", "pä"))) as server:
        entry = f"{{source: {server.address}/app:v1, target: {server.address}/app:v1, type: image}}"
        word = told.replace("TOKEN", str(tmp_path / "token"))
        text = f"creds: [{{registry: '{server.address}', user: ana, pass: '{word}', tls: disabled}}]\nsync: [{entry}]\n"
        (tmp_path / "mirror.yaml").write_text(text, "utf-8")
        (tmp_path / "token").write_text("pä\n", "utf-8")
        done = boxship("sync", "--dry-run", str(tmp_path / "mirror.yaml"), env=locale)
    assert done.status == 0, done.errors
