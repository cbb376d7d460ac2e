"""Two hostile registries that misbehave by a seeded schedule, at either end of a copy.

Each ends in a right copy, or in an error that says why, with nothing wrong under a final name. Their waits run side by
side.
"""

from __future__ import annotations

import random
import tarfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import BoxshipError
from boxship.formats.oci_layout import OCILayout
from boxship.formats.opening import target_at
from boxship.formats.place import Kind, Place
from boxship.store import Target
from boxship.testing import DROPPED, NEVER, RESET, Answer, Image, Request, ScriptedRegistry, failure, serving
from boxship.testing.exchange import Answering
from tests.copying.images import copied, repository
from tests.copying.warehouse import Warehouse
from tests.registry.faults import hasty

SEEDS = 100
MIB = 1 << 20
IMAGE = Image.of([random.Random(1).randbytes(2 * MIB + 77), random.Random(2).randbytes(300_000), b"small"])
SOURCE = ScriptedRegistry(image=IMAGE, tags=("1",))
KEPT = {str(digest): content for digest, content in IMAGE.blobs.items()}
LIMITED = failure(429, "TOOMANYREQUESTS", headers={"Retry-After": "0"})
FAILED = failure(503, "UNAVAILABLE")
QUICK = {"first_byte": 1.0, "head": 1.0, "document": 1.0}
LIE = "sha256:" + "0" * 64

Fault = Callable[[Request, Answering, random.Random], Answer]


def size_of(answer: Answer) -> int:
    return len(answer.body) if isinstance(answer.body, bytes) else 0


def cut(**what: str) -> Fault:
    """A good answer whose body ends so, somewhere."""

    def fault(request: Request, good: Answering, chance: random.Random) -> Answer:
        answer = good(request)
        changes = {name: chance.randint(0, size_of(answer)) for name in what.values()}
        return replace(answer, chunked=chance.random() < 0.5, **changes)  # type: ignore[arg-type]

    return fault


def instead_of(answer: Answer) -> Fault:
    return lambda request, good, chance: answer


def afterwards(answer: Answer) -> Fault:
    """What was asked is done, and not answered so."""

    def fault(request: Request, good: Answering, chance: random.Random) -> Answer:
        good(request)
        return answer

    return fault


def with_headers(answer: Answer, **changed: str) -> Answer:
    return replace(answer, headers={**dict(answer.headers), **{n.replace("_", "-"): v for n, v in changed.items()}})


def other_bytes(request: Request, good: Answering, chance: random.Random) -> Answer:
    answer = good(request)
    return replace(answer, body=chance.randbytes(size_of(answer)))


def other_size(request: Request, good: Answering, chance: random.Random) -> Answer:
    answer = good(request)
    return with_headers(answer, Content_Length=str(chance.randint(0, 2 * size_of(answer) + 1)))


def more_bytes(request: Request, good: Answering, chance: random.Random) -> Answer:
    answer = good(request)
    assert isinstance(answer.body, bytes)
    return replace(answer, body=answer.body + chance.randbytes(100))


def the_whole(request: Request, good: Answering, chance: random.Random) -> Answer:
    return good(replace(request, headers={name: value for name, value in request.headers.items() if name != "range"}))


def other_digest(request: Request, good: Answering, chance: random.Random) -> Answer:
    return with_headers(good(request), Docker_Content_Digest=LIE)


def late(request: Request, good: Answering, chance: random.Random) -> Answer:
    return replace(good(request), delay=chance.uniform(0.05, 0.3))


def lying_range(request: Request, good: Answering, chance: random.Random) -> Answer:
    answer = good(request)
    return with_headers(answer, Range=f"0-{chance.randint(0, 3 * MIB)}") if "Range" in dict(answer.headers) else answer


def there_already(request: Request, good: Answering, chance: random.Random) -> Answer:
    return Answer(200) if request.method == "HEAD" else good(request)


def a_part_of_it(then: Answer) -> Fault:
    """Of what is sent a part is kept, as when a connection breaks."""

    def fault(request: Request, good: Answering, chance: random.Random) -> Answer:
        if request.method != "PATCH":
            return good(request)
        part = request.body[: chance.randint(0, len(request.body))]
        start = request.headers["content-range"].partition("-")[0]
        said = {**request.headers, "content-range": f"{start}-{int(start) + max(0, len(part) - 1)}"}
        good(replace(request, body=part, headers=said))
        return then

    return fault


SOURCE_FAULTS: dict[str, tuple[int, Fault]] = {
    "stall": (3, cut(how="stall_after")),
    "reset": (4, cut(how="reset_after")),
    "end": (3, cut(how="truncate_after")),
    "never": (1, instead_of(NEVER)),
    "reset at once": (1, instead_of(RESET)),
    "503": (2, instead_of(FAILED)),
    "429": (2, instead_of(LIMITED)),
    "404": (1, instead_of(failure(404, "BLOB_UNKNOWN"))),
    "other bytes": (1, other_bytes),
    "other size": (1, other_size),
    "more bytes": (1, more_bytes),
    "the whole": (2, the_whole),
    "other digest": (1, other_digest),
    "late": (2, late),
}
TARGET_FAULTS: dict[str, tuple[int, Fault]] = {
    "503": (3, instead_of(FAILED)),
    "429": (3, instead_of(LIMITED)),
    "500 afterwards": (2, afterwards(failure(500, "UNKNOWN"))),
    "reset at once": (2, instead_of(RESET)),
    "reset afterwards": (2, afterwards(RESET)),
    "end at once": (1, instead_of(DROPPED)),
    "never": (1, instead_of(NEVER)),
    "404": (1, instead_of(failure(404, "BLOB_UPLOAD_UNKNOWN"))),
    "413": (1, instead_of(Answer(413))),
    "416": (1, instead_of(failure(416, "RANGE_INVALID"))),
    "a part, and a reset": (4, a_part_of_it(RESET)),
    "a part, and 503": (3, a_part_of_it(FAILED)),
    "lying range": (2, lying_range),
    "other digest": (1, other_digest),
    "there already": (1, there_already),
    "late": (2, late),
}


class Schedule:
    """A registry whose answers have faults that the seed decides: of all that it is asked, about so many."""

    def __init__(
        self, seed: str, good: Answering, faults: dict[str, tuple[int, Fault]], *, share: float, most: int
    ) -> None:
        self._chance, self._lock = random.Random(seed), threading.Lock()
        self._good, self._faults, self._share, self._left = good, faults, share, most
        self.happened: list[str] = []

    def __call__(self, request: Request) -> Answer:
        with self._lock:
            if request.path == "/v2/" or not self._left or self._chance.random() > self._share:
                return self._good(request)
            self._left -= 1
            weights = [weight for weight, _ in self._faults.values()]
            (chosen,) = self._chance.choices(list(self._faults), weights)
            self.happened.append(f"{chosen} at {request.method} {request.path.rpartition('/')[0]}")
            chance = random.Random(self._chance.random())
        return self._faults[chosen][1](request, self._good, chance)


@dataclass(frozen=True)
class Ending:
    """How a copy ended, what happened to it, and what is wrong in what it has left."""

    error: BoxshipError | None
    happened: list[str]
    wrong: list[str]


@contextmanager
def target_of(seed: int, folder: Path, client: Client, address: str) -> Iterator[Target]:
    """A repository for every other seed, and a layout or an archive for the rest."""
    if seed % 2 == 0:
        with repository(client, f"{address}/app") as target:
            yield target
    elif seed % 4 == 1:
        yield OCILayout(folder / "layout")
    else:
        with target_at(Place(Kind.OCI_ARCHIVE, folder / "image.tar")) as target:
            yield target


def run(seed: int, folder: Path) -> Ending:
    chance = random.Random(seed)
    source = Schedule(f"source {seed}", SOURCE, SOURCE_FAULTS, share=chance.random() * 0.7, most=chance.randint(1, 8))
    warehouse = Warehouse()
    share = chance.random() * 0.7
    target = Schedule(f"target {seed}", warehouse, TARGET_FAULTS, share=share, most=chance.randint(1, 8))
    bounds = hasty(silence=0.3, slow=0.6, abandoned=0.6, first_byte_slow=1.0, first_byte_moving=1.0, **QUICK)
    error: BoxshipError | None = None
    folder.mkdir()
    with serving(source) as there, serving(target) as here, Client(bounds=bounds, memory=None) as client:
        try:
            with (
                repository(client, f"{there.address}/app") as from_there,
                target_of(seed, folder, client, here.address) as to_here,
            ):
                copied(from_there, "1", to_here, "1")
        except BoxshipError as met:
            error = met
    wrong = {0: lambda: wrong_in(warehouse, error), 1: lambda: wrong_in_layout(folder / "layout", error)}
    found = wrong.get(seed % 4 if seed % 2 else 0, lambda: wrong_in_archive(folder / "image.tar", error))()
    return Ending(error, source.happened + target.happened, list(found))


def wrong_in(warehouse: Warehouse, error: BoxshipError | None) -> Iterator[str]:
    yield from (f"blob {name}" for name, content in warehouse.blobs.items() if KEPT.get(name) != content)
    named = warehouse.tags.get("1")
    if named is None and error is None:
        yield "no name, and no error"
    if named is not None and (named != str(IMAGE.digest) or set(warehouse.blobs) < set(KEPT)):
        yield "a name, and not all that it needs"


def wrong_in_layout(folder: Path, error: BoxshipError | None) -> Iterator[str]:
    blobs = {path.name: path.read_bytes() for path in folder.glob("blobs/sha256/*") if not path.name.startswith(".")}
    yield from (f"blob {name}" for name, content in blobs.items() if Digest.of(content).hex != name)
    if (folder / "index.json").exists():
        if OCILayout(folder).resolve("1").digest != IMAGE.digest or len(blobs) != len(KEPT) + 1:
            yield "a name, and not all that it needs"
    elif error is None:
        yield "no name, and no error"


def wrong_in_archive(path: Path, error: BoxshipError | None) -> Iterator[str]:
    if not path.exists():
        if error is None:
            yield "no file, and no error"
        return
    if error is not None:
        yield "a file, and an error"
    with tarfile.open(path) as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file and "blobs" in member.name and Digest.of(file.read()).hex != member.name.rpartition("/")[2]:
                yield f"blob {member.name}"


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Future[Ending]]]:
    folder = tmp_path_factory.mktemp("schedules")
    with pytest.MonkeyPatch.context() as patch:
        for module in ("boxship.registry.again", "boxship.registry.rest"):
            patch.setattr(f"{module}._FIRST_PAUSE", 0.02)
        patch.setattr("boxship.transport.retry._FIRST_WAIT", 0.02)
        with ThreadPoolExecutor(16) as crew:
            yield [crew.submit(run, seed, folder / str(seed)) for seed in range(SEEDS)]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_copy_is_right_or_says_why_and_leaves_nothing_wrong(endings: list[Future[Ending]], seed: int) -> None:
    ending = endings[seed].result()
    assert ending.wrong == [], ending
    if ending.error:
        assert ending.happened
        assert str(ending.error)
        assert ending.error.timeline


def test_most_of_what_can_be_got_over_is(endings: list[Future[Ending]]) -> None:
    """What these registries do is much, and yet most copies come right."""
    right = [ending.result().error is None for ending in endings]
    assert sum(right) > SEEDS // 2
    assert len({what for ending in endings for what in ending.result().happened}) > 40
