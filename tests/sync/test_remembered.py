"""What is kept in files between runs: a state that is broken off or shared, and plans that hands have changed."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.errors import BoxshipError, InvalidSettings
from boxship.platform import Platform
from boxship.sync.plan import SCHEMA, read_plan
from boxship.sync.state import State
from tests.cli.running import boxship

DIGESTS = [Digest.of(str(number).encode()) for number in range(50)]
ARM = (Platform.parse("linux/arm64"),)


@pytest.mark.parametrize(
    "content",
    [
        "sync:\n- {source: a.b/c, target: d.e/f}",
        '{"auths": {}}',
        "",
        "\n\n",
        '{"schema": "boxship.sync.state/2", "fact": "created", "of": "x", "is": "y"}\n',
        '{"schema": "boxship.sync.state/1", "fact": "created", "of": "x", "is": 7}\n',
        '{"schema": "boxship.sync.state/1", "fact": "created", "of": ["x"], "is": ""}\n',
        '{"schema": "boxship.sync.state/1", "fact": "else", "of": "x", "is": ""}\n',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_state_stays_as_it_is(tmp_path: Path, content: str) -> None:
    file = tmp_path / "state"
    file.write_text(content)
    if content.strip():
        with pytest.raises(InvalidSettings, match="no state of a sync"):
            State(file)
    else:
        State(file)
    assert file.read_text() == content


@pytest.mark.parametrize("written", [1, 20, 45, 120])
def test_a_line_that_was_broken_off_is_passed_over_and_others_go_on_behind_it(tmp_path: Path, written: int) -> None:
    file = tmp_path / "state"
    first, second = State(file), State(file)
    first.note_created(DIGESTS[0], "2024-01-01")
    line = file.read_bytes().splitlines()[0]
    with file.open("ab") as opened:
        opened.write(line[:written])  # of a run that was killed
    second.note_copied(DIGESTS[1], ARM, DIGESTS[2], filtered=False)
    third = State(file)
    third.note_created(DIGESTS[3], "")
    last = State(file)
    assert (last.created(DIGESTS[0]), last.created(DIGESTS[3])) == ("2024-01-01", "")
    assert last.copied(DIGESTS[1], ARM, filtered=False) == DIGESTS[2]
    assert last.copied(DIGESTS[1], ARM, filtered=True) is None  # another configuration's


def test_two_runs_at_once_keep_what_both_have_found(tmp_path: Path) -> None:
    file = tmp_path / "state"
    states = [State(file), State(file)]

    def note(state: State, digests: list[Digest]) -> None:
        for digest in digests:
            state.note_created(digest, str(digest))

    threads = [threading.Thread(target=note, args=(one, DIGESTS[at::2])) for at, one in enumerate(states)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = State(file)
    assert [found.created(digest) for digest in DIGESTS] == list(map(str, DIGESTS))


def test_a_state_that_cannot_be_kept_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    for file in (tmp_path / "no/folder/state", tmp_path):
        with pytest.raises(BoxshipError, match="cannot be"):
            State(file)


def line(**fields: object) -> str:
    told = {"schema": SCHEMA, "do": "copy", "source": "a.b/c:1", "target": "d.e/f:1", "digest": str(DIGESTS[0])}
    return json.dumps({name: value for name, value in {**told, **fields}.items() if value is not None})


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([line(filterd=True)], "filterd"),
        ([line(schema="boxship.sync/2")], "its schema is boxship.sync/2"),
        ([line(do="untag", was=None)], "what it stands for"),
        ([line(do="untag", target=f"d.e/f@{DIGESTS[1]}", was=str(DIGESTS[1]))], "a tag is taken away"),
        ([line(digest=None)], "a source and a digest"),
        ([line(platforms="linux/arm64")], "platforms"),
        ([line(referrers="yes")], "referrers"),
        ([line(blobs="x")], "blobs"),
        ([line(), line(source="x.y/z:1", target="http://d.e/f:1")], "twice"),
        ([line(), line(source="x.y/z:1", target="D.e:443/f:1")], "twice"),
        ([line(waiting={"min": float("inf"), "retry": 60})], "infinity"),
        ([line(waiting={"min": 9, "retry": float("nan")})], "retry is some seconds"),
        ([line(waiting={"min": 9, "retry": float("inf")})], "retry is some seconds"),
        ([line(waiting={"min": 9, "retry": -1})], "retry is some seconds"),
        (["[" * 100_000], "no step"),
        (["[]"], "no step"),
        (["null"], "no step"),
    ],
)
def test_a_line_that_would_be_done_otherwise_than_it_says_is_refused(lines: list[str], why: str) -> None:
    with pytest.raises(InvalidSettings, match=rf"plan\.jsonl:{len(lines)}") as wrong:
        list(read_plan(lines, "plan.jsonl"))
    assert why in str(wrong.value)


def test_a_plan_may_come_from_standard_input() -> None:
    done = boxship("sync", "--apply", "-", "--dry-run", given=line(do="nothing").encode())
    assert (done.status, "1 unchanged" in done.errors) == (0, True)
