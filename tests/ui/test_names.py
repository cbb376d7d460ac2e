"""Names are found while they are typed, among as many as a registry has, and while they are still listed."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from boxship.errors import Refused
from boxship.testing import registry
from boxship.ui.lists import ordered
from boxship.ui.names import Names, found_in
from tests.ui.serving import own_page

MANY = 100_000


def test_what_begins_with_the_words_comes_first_and_what_has_their_letters_last() -> None:
    names = ["a/apple", "apple", "b/pineapple", "a/xp/le", "app/le", "pear"]
    assert found_in(sorted(names), "app") == ("app/le", "apple", "a/apple", "b/pineapple")
    assert found_in(["team/web-app", "teapot", "twa"], "twa") == ("twa", "team/web-app")


def test_many_letters_that_are_nowhere_take_no_time() -> None:
    # A pattern that tries all places of each letter would not end.
    names = ["a" * 255] * 1000
    began = time.monotonic()
    assert found_in(names, "a" * 200 + "b") == ()
    assert time.monotonic() - began < 10


def test_tags_are_in_the_order_of_their_versions() -> None:
    tags = ["latest", "1.9", "1.10", "v2.0.0-rc.1", "v2.0.0", "sha256-00", "pr-9", "pr-10", "1.10-alpine"]
    assert ordered(tags) == [
        "v2.0.0",
        "v2.0.0-rc.1",
        "1.10",
        "1.10-alpine",
        "1.9",
        "pr-10",
        "pr-9",
        "latest",
        "sha256-00",
    ]


def test_a_list_that_takes_long_is_searched_meanwhile() -> None:
    go_on = threading.Event()

    def pages() -> Iterator[tuple[str, ...]]:
        yield ("a/one", "a/two")
        assert go_on.wait(60)
        yield ("b/one",)

    names = Names()
    first = names.shown(pages)
    assert (first.names, first.complete) == (("a/one", "a/two"), False)
    assert names.search(first, "one") == ("a/one",)
    go_on.set()
    until = time.monotonic() + 60
    while not (shown := names.shown(pages)).complete:
        assert time.monotonic() < until
    assert names.search(shown, "one") == ("a/one", "b/one")


def test_one_list_is_made_for_all_who_ask_at_a_time() -> None:
    begun: list[int] = []

    def pages() -> Iterator[tuple[str, ...]]:
        begun.append(1)
        time.sleep(0.1)
        yield ("a",)

    names = Names()
    threads = [threading.Thread(target=names.shown, args=(pages,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert begun == [1]


def test_what_a_list_came_to_is_told_and_forgotten() -> None:
    asked: list[int] = []

    def refused() -> Iterator[tuple[str, ...]]:
        asked.append(1)
        raise Refused("no", status=403)
        yield ()

    names = Names()
    for _ in range(2):
        with pytest.raises(Refused):
            names.shown(refused)
    names._listed_at = -1e9  # an hour later
    assert names.shown(lambda: iter([("a",)])).names == ("a",)


def test_the_first_of_a_hundred_thousand_repositories_come_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    with registry(folder):
        pass
    with closing(sqlite3.connect(folder / "registry.db")) as database, database:
        rows = ((f"team-{number % 97}/app-{number:06}",) for number in range(MANY))
        database.executemany("INSERT INTO repo (name) VALUES (?)", rows)
    with own_page(tmp_path) as page:
        began = time.monotonic()
        first = page.ask("repositories", n=50).json
        took = time.monotonic() - began
        assert len(first["repositories"]) == 50  # type: ignore[arg-type]  # a list
        until = time.monotonic() + 60
        while not page.ask("repositories").json["complete"]:
            assert time.monotonic() < until
        assert page.ask("repositories").json["total"] == MANY
        typed = []
        for words in ("a", "ap", "app", "app-", "app-0", "app-09", "app-099", "app-0999", "app-09999", "t5app099"):
            began = time.monotonic()
            found = page.ask("repositories", match=words, n=50).json
            typed.append(time.monotonic() - began)
        assert found["matched"]
        # With slack: `make bench` has the numbers.
        assert took < 5
        assert max(typed) < 5
