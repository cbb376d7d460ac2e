"""Dataclasses that are finished when they are first used are what those of `dataclasses` are."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import pkgutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import ClassVar

import pytest

import boxship
from boxship import unfinished, value
from boxship.value import dataclass, field

_MANY = 3 * unfinished._FEW  # instances: the last ones are made by what is compiled for all


@dataclass(frozen=True, slots=True)
class Point:
    """A value with all that fields may have."""

    sort: ClassVar[str] = "point"

    x: int
    y: int = 2
    names: list[str] = field(default_factory=list, hash=False)
    secret: str = field(default="", repr=False)
    beside: int = field(default=0, compare=False)

    @property
    def both(self) -> tuple[int, int]:
        """Its places."""
        return self.x, self.y


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Point):
    """One more field, by name alone."""

    name: str


@dataclass(slots=True)
class Count:
    """No value: it changes."""

    now: int = 0
    double: int = 0

    def __post_init__(self) -> None:
        """Work out the rest."""
        self.double = 2 * self.now


@dataclass(frozen=True)
class Open:
    """Without slots."""

    x: int = 1


@dataclass(slots=True, eq=False)
class Thing:
    """Itself alone."""

    x: int = 1


@dataclasses.dataclass(frozen=True)
class _Theirs(Point):
    """One of `dataclasses`, with slots and without."""

    z: int = 3


def _standard(mine: type) -> type:
    """The same class, made by `dataclasses`."""
    return {
        Point: dataclasses.make_dataclass(
            "Point",
            [
                ("x", "int"),
                ("y", "int", 2),
                ("names", "list[str]", dataclasses.field(default_factory=list, hash=False)),
                ("secret", "str", dataclasses.field(default="", repr=False)),
                ("beside", "int", dataclasses.field(default=0, compare=False)),
            ],
            frozen=True,
        ),
        Count: dataclasses.make_dataclass("Count", [("now", "int", 0), ("double", "int", 0)]),
    }[mine]


@dataclass(frozen=True, slots=True)
class Fresh:
    """One that nobody uses before."""

    x: int


def test_it_is_made_as_others_are() -> None:
    assert Point(1) == Point(x=1, y=2, names=[], secret="", beside=0)
    assert Point(1).names is not Point(1).names
    assert Named(1, name="n") == Named(x=1, y=2, name="n")
    assert Point(3, 4).both == (3, 4)
    assert Count(4).double == 8
    assert Open() == Open(1)


@dataclass(frozen=True, slots=True)
class _Words:
    """Fields that are called as what makes them may be."""

    put: int
    nothing: int = 1
    object: int = 2
    names: list[int] = field(default_factory=list)


def test_a_field_may_be_called_anything() -> None:
    assert (_Words(0).put, _Words(0).nothing, _Words(0).object, _Words(0).names) == (0, 1, 2, [])


def _call(kind: Callable[..., object], *args: object, **named: object) -> None:
    kind(*args, **named)


def test_what_is_missing_or_too_much_is_a_type_error() -> None:
    for _ in range(2):  # before it is finished, and after
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
            _call(Fresh)
        with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
            _call(Fresh, 1, z=2)
        with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'name'"):
            _call(Named, 1)
        with pytest.raises(TypeError, match="takes from 2 to 6 positional arguments but"):
            _call(Named, 1, 2, [], "", 0, "n")
        Fresh(1)


def test_the_first_instances_are_as_all_others_are() -> None:
    @dataclass(frozen=True, slots=True)
    class Frozen:
        x: int
        y: int = 2
        names: list[str] = field(default_factory=list)

    @dataclass()
    class Changing:
        x: int
        y: int = 2
        names: list[str] = field(default_factory=list)

    class Further(Changing):
        pass

    for kind in (Frozen, Changing, Further):
        ones = [one for _ in range(_MANY) for one in (kind(1), kind(1, y=2))]
        assert {(one.x, one.y, tuple(one.names)) for one in ones} == {(1, 2, ())}
        assert len({id(one.names) for one in ones}) == len(ones) == 2 * _MANY


def test_each_ends_its_beginning_itself_once() -> None:
    begun: list[int] = []

    @dataclass(frozen=True, slots=True)
    class Told:
        x: int

        def __post_init__(self) -> None:
            begun.append(self.x)

    assert [Told(number).x for number in range(_MANY)] == begun == list(range(_MANY))


def test_what_is_wrong_is_said_alike_of_the_first_and_of_the_last() -> None:
    @dataclass(kw_only=True)
    class Told:
        x: int
        y: list[int] = field(default_factory=list)

    calls: list[dict[str, object]] = [{}, {"y": []}, {"x": 1, "z": 2}]
    for call in calls:
        with pytest.raises(TypeError):
            _call(Told, **call)
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        _call(Told, 1)
    assert [Told(x=number).y for number in range(_MANY)] == [[]] * _MANY


def test_equality_and_hash_are_those_of_the_fields_that_count() -> None:
    assert Point(1) != Point(2)
    assert Point(1, beside=1) == Point(1, beside=2)
    assert Point(1) != Named(1, name="n")
    assert Point(1).__eq__((1, 2, [], "", 0)) is NotImplemented
    assert hash(Point(1, names=["a"])) == hash(Point(1, names=["b"]))
    assert hash(Point(1)) != hash(Point(2))
    assert Thing() != Thing()
    assert hash(Thing()) != hash(Thing())
    with pytest.raises(TypeError, match="unhashable"):
        hash(Count())


def test_what_is_frozen_stays_and_what_has_slots_has_no_more() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot change field 'x'"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    with pytest.raises(AttributeError):
        Count().other = 1  # type: ignore[attr-defined]
    assert not hasattr(point, "__dict__")


def test_nothing_that_is_not_to_be_shown_is() -> None:
    assert repr(Point(1, secret="s3cret")) == "Point(x=1, y=2, names=[], beside=0)"


def test_it_is_copied_and_sent_to_other_processes() -> None:
    point = Named(1, names=["a"], name="n")
    assert pickle.loads(pickle.dumps(point)) == copy.deepcopy(point) == copy.copy(point) == point


def test_fields_and_replace_need_no_dataclasses() -> None:
    assert [each.name for each in value.fields(Named)] == ["x", "y", "names", "secret", "beside", "name"]
    assert value.replace(Point(1), y=7) == Point(1, 7)
    with pytest.raises(TypeError):
        value.replace(Point(1), z=1)  # type: ignore[call-arg]


def test_patterns_match_by_place() -> None:
    match Named(1, name="n"):
        case Named(x, y):
            assert (x, y) == (1, 2)


def test_dataclasses_know_it_as_theirs() -> None:
    assert dataclasses.is_dataclass(Point)
    assert dataclasses.asdict(Point(1)) == {"x": 1, "y": 2, "names": [], "secret": "", "beside": 0}
    assert dataclasses.replace(Point(1), y=7) == Point(1, 7)
    assert _Theirs(1).z == 3
    assert [each.name for each in dataclasses.fields(_Theirs)] == ["x", "y", "names", "secret", "beside", "z"]


def test_a_subclass_of_theirs_is_copied_whole_and_one_that_is_none_has_more() -> None:
    assert copy.copy(_Theirs(1, z=4)) == value.replace(_Theirs(1), z=4) == _Theirs(1, z=4)

    class Plain(Open):
        pass

    plain = Plain()
    plain.more = 1  # type: ignore[attr-defined] # it has no slots
    with pytest.raises(dataclasses.FrozenInstanceError):
        plain.x = 2  # type: ignore[misc]


def _made() -> Iterator[type]:
    """Every dataclass of boxship."""
    for module in pkgutil.walk_packages(boxship.__path__, "boxship."):
        if module.name.rpartition(".")[2] != "__main__":
            found = vars(import_module(module.name)).values()
            yield from (one for one in found if isinstance(one, type) and "__boxship_fields__" in vars(one))


def test_each_of_boxship_takes_what_is_told_of_it() -> None:
    classes = set(_made())
    assert len(classes) > 250
    for each in classes:
        own = vars(each)["__boxship_fields__"]
        real = inspect.signature(unfinished._init(own, frozen=True, ends=False)).parameters
        told = inspect.signature(each).parameters
        assert ["self", *told] == list(real), each
        assert [one.kind for one in told.values()] == [one.kind for one in list(real.values())[1:]], each
        needed = [[one.name for one in given.values() if one.default is one.empty] for given in (told, real)]
        assert ["self", *needed[0]] == needed[1], each
        assert dataclasses.is_dataclass(each)


@pytest.mark.parametrize("mine", [Point, Count])
def test_its_fields_and_signature_are_those_of_dataclasses(mine: type) -> None:
    other = _standard(mine)
    assert inspect.signature(mine) == inspect.signature(other)
    keys = ("name", "type", "default", "default_factory", "repr", "hash", "compare", "kw_only")
    told, wanted = (
        [[getattr(each, key) for key in keys] for each in dataclasses.fields(kind)] for kind in (mine, other)
    )
    assert told == wanted


def test_a_class_of_its_own_beginning_has_that_signature() -> None:
    class Other(Thing):
        def __init__(self, both: int) -> None:
            super().__init__(both)

    assert str(inspect.signature(Other)) == "(both: 'int') -> 'None'"
    assert Other(3).x == 3


def test_threads_that_finish_it_at_once_all_get_values() -> None:
    barrier = threading.Barrier(8)
    made: list[int] = []

    @dataclass(frozen=True, slots=True)
    class Fresh:
        x: int

    def make(number: int) -> None:
        barrier.wait()
        made.extend(Fresh(_MANY * number + one).x for one in range(_MANY))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == list(range(8 * _MANY))


def test_the_core_starts_without_dataclasses() -> None:
    words = "import sys, boxship; boxship.Client().close(); sys.exit('dataclasses' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0
    assert unfinished.__all__ == value.__all__
