from __future__ import annotations

import copy
import pickle
import re

import pytest

from boxship import errors
from boxship.errors import BoxshipError, InvalidReference
from boxship.event import Event

TIMELINE = (Event("ConnectStart", "tcp 10.0.0.5:443", 1.5, "dial.py:1"), Event("TimedOut", "5 s", 6.5))

EXAMPLES: list[BoxshipError] = [
    errors.BoxshipError("what", why="why", remedy="remedy"),
    errors.InvalidInput("what", why="why"),
    errors.InvalidReference("reg.corp/App", (9, 12), why="why", remedy="remedy"),
    errors.InvalidSettings("config.json", 3, why="why"),
    errors.NothingKept("reg.corp"),
    errors.MissingExtra("server", "the registry"),
    errors.Unreachable("what"),
    errors.NameFailed("what", why="why"),
    errors.ConnectFailed("what", evidence=("10.0.0.5:443 silent",)),
    errors.TLSFailed("what", evidence=("expired",)),
    errors.PlainNotPermitted("what", remedy="http://reg.corp"),
    errors.TimedOut("what", phase="connect", seconds=5.0, remedy="remedy"),
    errors.BrokenAnswer("what", why="why"),
    errors.RegistryError("what", status=500),
    errors.NotFound("what", status=404, why="why"),
    errors.Refused("what", status=401),
    errors.RateLimited("what", retry_after=1.5, why="why"),
    errors.UnexpectedAnswer("what", status=200),
    errors.Schema1("what", why="why", remedy="remedy"),
    errors.CredentialFailed("what", why="why"),
    errors.ContentMismatch("what"),
    errors.DigestMismatch("what", expected="sha256:a", actual="sha256:b"),
    errors.SizeMismatch("what", expected=1, actual=2),
    errors.NameTaken("what", why="why"),
    errors.PlanOutdated("what", changes=("one", "two")),
    errors.Cancelled("what"),
]


def subclasses(kind: type[BoxshipError]) -> list[type[BoxshipError]]:
    """The kind and those below it that are public: a room may have one of its own, which it does not let out."""
    public = (child for child in kind.__subclasses__() if child.__module__ == errors.__name__)
    return [kind, *(below for child in public for below in subclasses(child))]


def test_there_is_an_example_of_every_error() -> None:
    assert {type(example) for example in EXAMPLES} == set(subclasses(BoxshipError))
    assert {kind.__name__ for kind in subclasses(BoxshipError)} == set(errors.__all__)


@pytest.mark.parametrize("carry", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_an_error_arrives_whole_in_another_process(example: BoxshipError, carry: object) -> None:
    assert callable(carry)
    error = example.during(TIMELINE)
    error.add_note("shard 3")
    arrived = carry(error)
    assert type(arrived) is type(error)
    assert vars(arrived) == vars(error)
    assert (arrived.args, str(arrived), arrived.timeline) == (error.args, str(error), TIMELINE)


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        (errors.InvalidInput, ValueError),
        (errors.TimedOut, TimeoutError),
        (errors.NotFound, LookupError),
    ],
)
def test_an_error_is_also_pythons_own(kind: type[BoxshipError], also: type[Exception]) -> None:
    assert issubclass(kind, also)


def test_an_error_says_what_why_and_the_remedy() -> None:
    assert str(BoxshipError("what", why="why", remedy="remedy")) == "what: why (remedy)"
    assert str(BoxshipError("what", remedy="remedy")) == "what (remedy)"
    assert str(BoxshipError("what")) == "what"


def test_the_first_story_of_an_error_is_kept() -> None:
    error = BoxshipError("what")
    assert error.during(TIMELINE) is error
    assert error.during(()).during(TIMELINE[:1]).timeline == TIMELINE


@pytest.mark.parametrize(
    ("example", "words"),
    [
        (errors.InvalidSettings("f", why="w"), "f: w"),
        (errors.InvalidSettings("f", 3, why="w"), "f:3: w"),
        (
            errors.MissingExtra("s3", "sync"),
            "sync needs the extra 's3': it is not installed (pip install 'boxship[s3]')",
        ),
        (errors.TimedOut("x", phase="tls", seconds=2.5), "x: no progress within 2.5 s (tls)"),
        (errors.SizeMismatch("x", expected=1, actual=2), "x: expected 1 bytes, received 2"),
    ],
)
def test_a_message_is_made_from_facts(example: BoxshipError, words: str) -> None:
    assert str(example) == words


@pytest.mark.parametrize(
    ("text", "span", "caret"),
    [
        ("reg.corp/App", (9, 12), "reg.corp/App\n         ^^^"),
        ("app:", (4, 4), "app:\n    ^"),
        ("a\n\x1b[31m", (1, 3), "a??[31m\n ^^"),
        ("\uff11\uff12.corp/App", (8, 11), "\uff11\uff12.corp/App\n          ^^^"),
        ("\uff11\uff12/app", (0, 2), "\uff11\uff12/app\n^^^^"),
        ("u\u0308.corp/App", (8, 11), "u\u0308.corp/App\n       ^^^"),
    ],
    ids=repr,
)
def test_a_caret_stands_under_what_is_wrong(text: str, span: tuple[int, int], caret: str) -> None:
    assert InvalidReference(text, span, why="why").caret == caret


LINE = re.compile(r"^    ((?:[│ ]   |[├└]── )*)(\w+)(?: \((\w+)\))?(?:  +\S.*?)?(?: +exit (\d+))?$", re.MULTILINE)


def drawn() -> list[tuple[str, str, str | None, str | None]]:
    """Each line of the tree in the docstring: the class, the one above it, Python's own, and the exit status."""
    above: list[str] = []
    rows = []
    for indent, name, builtin, status in LINE.findall(errors.__doc__ or ""):
        depth = len(indent) // 4
        above[depth:] = [name]
        rows.append((name, above[depth - 1] if depth else "", builtin or None, status or None))
    return rows


def test_the_tree_that_is_drawn_is_the_one_there_is() -> None:
    rows = drawn()
    assert [name for name, *_ in rows] == [kind.__name__ for kind in subclasses(BoxshipError)]
    for name, above, builtin, _ in rows:
        bases = [base.__name__ for base in getattr(errors, name).__bases__]
        assert bases == [above or "Exception", *([builtin] if builtin else [])]


def test_the_exit_statuses_that_are_drawn_are_those_there_are() -> None:
    inherited = {"": "1"}
    for name, above, _, status in drawn():
        inherited[name] = status or inherited[above]
        assert getattr(errors, name).exit_status == int(inherited[name]), name
