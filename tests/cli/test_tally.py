"""What is said of how far copies are is true: by the events, at times of the test's own."""

from __future__ import annotations

import pytest

from boxship.cli.bars import bars
from boxship.cli.ink import Ink
from boxship.cli.tally import Tally, bytes_of, seconds_of
from boxship.event import Event, Fact

MB = 1_000_000


def told(tally: Tally, name: str, now: float, **facts: Fact) -> None:
    tally.hear(Event(name, "", 0.0, facts=facts), now)


def begun(*sizes: int) -> Tally:
    tally = Tally()
    told(tally, "Copy", 0, blobs=len(sizes), size=sum(sizes))
    return tally


def test_the_rate_is_that_of_the_last_seconds_and_falls_where_nothing_comes() -> None:
    tally = begun(100 * MB)
    for second in range(11):
        told(tally, "BlobProgress", second, digest="a", size=100 * MB, at=second * 2 * MB)
    assert tally.at == 20 * MB
    assert tally.rate(10) == pytest.approx(2 * MB)
    assert tally.left(10) == pytest.approx(40)
    assert tally.rate(13) == pytest.approx(0.8 * MB)
    assert (tally.rate(20), tally.left(20)) == (0, None)


def test_what_was_there_before_is_at_hand_and_has_not_moved() -> None:
    tally = begun(10 * MB, 5 * MB, MB)
    told(tally, "BlobProgress", 0, digest="a", size=10 * MB, at=8 * MB)
    told(tally, "Blob", 1, digest="b", size=5 * MB, how="mounted", seconds=0.1)
    told(tally, "BlobProgress", 1, digest="a", size=10 * MB, at=9 * MB)
    assert (tally.at, tally.rate(1)) == (14 * MB, MB)
    told(tally, "Blob", 2, digest="a", size=10 * MB, how="pushed", seconds=2)
    assert (tally.at, tally.done, tally.rate(2), tally.left(2)) == (15 * MB, 2, MB, 1)


def test_what_begins_anew_comes_twice() -> None:
    tally = begun(10 * MB)
    for now, at in ((0, 0), (1, 6), (1.5, 0), (2, 4)):
        told(tally, "BlobProgress", now, digest="a", size=10 * MB, at=at * MB)
    assert (tally.at, tally.rate(2)) == (4 * MB, 5 * MB)


@pytest.mark.parametrize("columns", [20, 60, 79, 200])
@pytest.mark.parametrize("blocks", [True, False])
def test_bars_keep_to_the_width_and_show_each_blob_and_all_of_them(columns: int, *, blocks: bool) -> None:
    tally = begun(*[MB] * 30)
    for number in range(12):
        told(tally, "BlobProgress", 0, digest=f"sha256:{number:064}", size=MB, at=0)
        told(tally, "BlobProgress", 1, digest=f"sha256:{number:064}", size=MB, at=MB // 2)
    lines = list(bars(tally, columns, Ink(blocks=blocks), 1))
    assert len(lines) == 9
    assert max(map(len, lines)) <= columns
    if columns > 100:
        assert "50% 500 kB of 1.0 MB, 500 kB/s, 1 s left" in lines[0]
        assert lines[0].count("█" if blocks else "#") == 20
        assert "0 of 30 blobs, 6.0 MB of 30.0 MB, 6.0 MB/s, 4 s left, 4 more on their way" in lines[-1]


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_940, "99.9 kB"), (123_456_789, "123 MB"), (10**16, "10000 TB")],
)
def test_amounts_are_short(count: int, words: str) -> None:
    assert bytes_of(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_times_are_short(seconds: float, words: str) -> None:
    assert seconds_of(seconds) == words
