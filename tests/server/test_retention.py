"""Retention: which tags go, in which repositories, and what goes with them; what nobody meant to lose stays."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.errors import InvalidSettings
from boxship.server.registry import Settings
from boxship.server.tagging import TagPatterns
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.preview import preview
from boxship.server.upkeep.retention import Retention, Tag, parse_retention
from boxship.server.upkeep.sweep import Report, sweep
from tests.cli.running import boxship
from tests.server.content import digest, image, push_image, push_manifest
from tests.server.driver import Driver

DAY = 86_400.0
FILE = """
[[rule]]
repositories = ["ci/**"]
keep = 2
exclude = ["latest", "v*"]

[[rule]]
repositories = ["old/*"]
keep-days = 30
match = ["pr-*"]
untagged = false

[[rule]]
repositories = ["ci/app", "**"]
keep = 100
"""


def rules(text: str = FILE) -> Retention:
    return parse_retention(text, "retention.toml")


def gone(repository: str, ages: dict[str, float], retention: Retention | None = None) -> set[str]:
    """The tags that go, of tags that were last moved so many days ago."""
    retention, now = retention or rules(), 1_800_000_000.0
    rule = retention.rule(repository)
    assert rule
    tags = [Tag(1, repository, name, "sha256:x", now - days * DAY) for name, days in ages.items()]
    return {tag.name for tag in retention.gone(rule, tags, now)}


def test_the_newest_are_kept_and_the_excluded_are_not_looked_at() -> None:
    ages = {"latest": 900.0, "v1": 900.0, "a": 1.0, "b": 3.0, "c": 2.0, "d": 4.0}
    assert gone("ci/app", ages) == {"b", "d"}  # the first rule that is for a repository decides
    assert gone("ci/a/b", {"a": 500.0, "b": 501.0}) == set()


def test_what_is_young_enough_is_kept_and_only_what_matches_is_looked_at() -> None:
    assert gone("old/app", {"pr-1": 29.0, "pr-2": 31.0, "main": 900.0}) == {"pr-2"}


def test_one_rule_may_keep_by_number_or_by_age() -> None:
    both = rules('[[rule]]\nrepositories = ["**"]\nkeep = 1\nkeep-days = 10\n')
    assert gone("app", {"a": 20.0, "b": 30.0, "c": 5.0, "d": 6.0}, both) == {"a", "b"}
    assert gone("app", {"a": 20.0, "b": 30.0}, both) == {"b"}


def test_immutable_tags_are_spared() -> None:
    spared = replace(rules(), spared=TagPatterns.parse(["b"]))
    assert gone("ci/app", {"a": 1.0, "b": 3.0, "c": 2.0, "d": 4.0}, spared) == {"d"}


@given(
    st.dictionaries(st.from_regex(r"[a-z0-9]{1,4}", fullmatch=True), st.floats(0, 1e4), max_size=20), st.integers(0, 9)
)
def test_never_fewer_are_kept_than_the_rule_says(ages: dict[str, float], keep: int) -> None:
    rule = rules(f'[[rule]]\nrepositories = ["**"]\nkeep = {keep}\n')
    taken = gone("app", ages, rule)
    assert len(ages) - len(taken) >= min(keep, len(ages))
    kept = set(ages) - taken
    assert all(ages[one] <= ages[other] for one in kept for other in taken)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("keep = 2", "kept = 2", "'kept' is none of"),
        ("keep = 2", "", "neither keep nor keep-days"),
        ("keep = 2", "keep = -1", "negative"),
        ("keep = 2", 'keep = "2"', "should be"),
        ("keep-days = 30", "keep-days = -1", "a number of days"),
        ("keep-days = 30", "keep-days = true", "a number of days"),
        ("keep-days = 30", "keep-days = inf", "a number of days"),
        ('"old/*"', '"old/["', "not the name of a repository"),
        ('repositories = ["old/*"]', "", "no repository"),
        ('"pr-*"', '"pr/*"', "match 'pr/*'"),
        ("[[rule]]", "[[rules]]", "'rules'"),
        ("[[rule]]", "[[", "line 2"),
    ],
)
def test_what_is_misspelt_is_refused(old: str, new: str, why: str) -> None:
    assert old in FILE
    with pytest.raises(InvalidSettings, match=r"^retention\.toml") as caught:
        rules(FILE.replace(old, new))
    assert why in str(caught.value)


# In a registry.


def dated(registry: Driver, repository: str, **days: float) -> None:
    """An image for each tag, which was moved there so many days ago; they were pushed at least two days ago."""
    for tag in days:
        push_image(registry, repository, tag, layer=tag.encode())
    with registry.database() as connection:
        connection.execute("UPDATE manifest SET pushed = pushed - ?", (2 * DAY,))
        for tag, age in days.items():
            connection.execute(
                "UPDATE tag SET updated = ? WHERE name = ? AND repo_id = (SELECT id FROM repo WHERE name = ?)",
                (time.time() - age * DAY, tag, repository),
            )


def tags(registry: Driver, repository: str) -> list[str]:
    return list(registry("GET", f"/v2/{repository}/tags/list").json()["tags"])


def swept(registry: Driver, policy: Policy) -> Report:
    return registry.run(sweep(registry.run(registry.open()), policy))


def test_tags_go_and_what_they_named_with_them(registry: Driver) -> None:
    dated(registry, "ci/app", a=1, b=3, c=2, d=4, latest=900)
    dated(registry, "old/app", **{"pr-1": 60, "main": 60})
    dated(registry, "other", a=900)
    policy = Policy(retention=rules(), wait=0)
    opened = registry.run(registry.open())
    planned = [str(find) for find in preview(opened, policy)]
    assert sorted(find for find in planned if find.startswith("tag")) == [
        "tag ci/app:b",
        "tag ci/app:d",
        "tag old/app:pr-1",
    ]
    assert len([find for find in planned if find.startswith("manifest ci/app@")]) == 2
    report = swept(registry, policy)
    assert (report.tags, report.manifests) == (3, 2)
    assert tags(registry, "ci/app") == ["a", "c", "latest"]
    assert tags(registry, "old/app") == ["main"]
    assert tags(registry, "other") == ["a"]
    assert registry("GET", f"/v2/ci/app/manifests/{digest(image(b'd'))}").status == 404
    assert registry("GET", f"/v2/old/app/manifests/{digest(image(b'pr-1'))}").status == 200  # untagged = false
    assert registry("GET", "/v2/ci/app/manifests/a").status == 200
    assert swept(registry, policy).tags == 0


def test_an_image_that_another_tag_names_stays(registry: Driver) -> None:
    dated(registry, "ci/app", a=1, b=3, c=2)
    push_manifest(registry, "ci/app", "latest", image(b"b"))
    assert swept(registry, Policy(retention=rules(), wait=0)).tags == 1
    assert registry("GET", "/v2/ci/app/manifests/latest").status == 200
    assert tags(registry, "ci/app") == ["a", "c", "latest"]


def test_a_tag_that_was_moved_meanwhile_stays(registry: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    from boxship.server.upkeep.removal import Removal

    dated(registry, "ci/app", a=1, b=3, c=2)
    delete = Removal.delete_tags

    async def late(self: Removal, found: list[Tag]) -> object:
        reply = await registry.ask(
            "PUT", "/v2/ci/app/manifests/b", image(b"a"), {"content-type": "application/vnd.oci.image.manifest.v1+json"}
        )
        assert reply.status == 201
        return await delete(self, found)

    monkeypatch.setattr(Removal, "delete_tags", late)
    assert swept(registry, Policy(retention=rules(), wait=0)).tags == 0
    assert tags(registry, "ci/app") == ["a", "b", "c"]


def test_a_registry_sweeps_by_the_file_and_writes_what_it_took(tmp_path: Path) -> None:
    file, log = tmp_path / "retention.toml", tmp_path / "audit"
    file.write_text(FILE.replace("keep = 2", "keep = 9"))
    settings = Settings(retention=str(file), audit_log=str(log), gc_interval=0.2, immutable=("d",))
    with Driver(tmp_path / "registry") as registry:
        dated(registry, "ci/app", a=1, b=3, c=2, d=4)
    with Driver(tmp_path / "registry", settings=settings) as registry:
        registry.run(asyncio.sleep(0.6))
        assert tags(registry, "ci/app") == ["a", "b", "c", "d"]
        file.write_text(FILE)
        until = time.monotonic() + 20
        while len(tags(registry, "ci/app")) > 3:
            assert time.monotonic() < until
            registry.run(asyncio.sleep(0.1))
        assert tags(registry, "ci/app") == ["a", "c", "d"]
    (line,) = map(json.loads, log.read_text().splitlines())
    assert (line["event"], line["repository"], line["name"]) == ("expire", "ci/app", "b")
    assert (line["digest"], line["user"]) == (digest(image(b"b")), "")


def test_nothing_goes_while_the_registry_is_read_only(tmp_path: Path) -> None:
    (tmp_path / "retention.toml").write_text(FILE)
    settings = Settings(retention=str(tmp_path / "retention.toml"), gc_interval=0.1, read_only=True)
    with Driver(tmp_path / "registry") as registry:
        dated(registry, "ci/app", a=1, b=3, c=2)
    with Driver(tmp_path / "registry", settings=settings) as registry:
        registry.run(asyncio.sleep(0.5))
        assert tags(registry, "ci/app") == ["a", "b", "c"]


def test_by_hand_it_is_shown_before_it_is_done(tmp_path: Path) -> None:
    (tmp_path / "retention.toml").write_text(FILE)
    with Driver(tmp_path / "registry") as registry:
        dated(registry, "ci/app", a=1, b=3, c=2, d=4)
    words = ("registry", "gc", "--disk", str(tmp_path / "registry"), "--retention", str(tmp_path / "retention.toml"))
    shown = boxship(*words, "--dry-run", "--immutable", "b")
    assert shown.status == 0, shown.errors
    assert [line for line in shown.output.splitlines() if line.startswith("tag")] == ["tag ci/app:d"]
    done = boxship(*words)
    assert "tags 2, manifests 2" in done.output
    with Driver(tmp_path / "registry") as registry:
        assert tags(registry, "ci/app") == ["a", "c"]
