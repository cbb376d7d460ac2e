"""Files and passwords are other threads' work: whatever is asked, the event loop has time for everybody else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

from boxship.media_type import OCI_MANIFEST
from boxship.server.registry import Settings
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.scrub import scrub
from boxship.server.upkeep.sweep import sweep
from tests.server.content import digest, image
from tests.server.driver import Driver, Reply
from tests.server.people import add, basic
from tests.server.test_check import file_of, overwrite

CONTENT = bytes(range(256)) * 20_000  # 5 MB, so that there are several reads and writes
BLOB = f"/v2/app/blobs/{digest(CONTENT)}"
UPLOADS = "/v2/app/blobs/uploads/"
ALICE = basic("alice")
DAY = 86400
# Waiting for a disk, or for bcrypt; a look at a file's size and date is of memory.
SLOW = {
    "posix": {"open", "read", "write", "pread", "pwrite", "fsync", "fdatasync", "ftruncate", "fchmod"}
    | {"rename", "replace", "link", "unlink", "remove", "mkdir", "rmdir", "scandir", "listdir", "sendfile"},
    "nt": {"open", "read", "write", "fsync", "replace", "unlink", "mkdir", "scandir"},
    "io": {"open"},
    "_io": {"open", "read", "readinto", "write", "flush"},
    "_bcrypt": {"checkpw", "hashpw"},
}


@contextmanager
def slow_calls() -> Iterator[list[str]]:
    """The slow calls that this thread makes, which is that of the event loop, with who makes them."""
    found: list[str] = []

    def note(frame: FrameType, event: str, called: object) -> None:
        if event != "c_call":
            return
        owner = getattr(called, "__self__", None)
        module = getattr(called, "__module__", None) or type(owner).__module__
        name = getattr(called, "__name__", "")
        if name in SLOW.get(module.removeprefix("bcrypt."), ()):
            found.append(f"{module}.{name} in {frame.f_code.co_filename}:{frame.f_lineno}")

    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)


def test_a_slow_call_of_this_thread_is_seen(tmp_path: Path) -> None:
    with slow_calls() as found:
        (tmp_path / "file").write_bytes(b"x")
        (tmp_path / "file").unlink()
    assert {call.partition(" ")[0].rpartition(".")[2] for call in found} >= {"open", "write", "unlink"}


def test_the_event_loop_waits_for_no_file_and_no_password(tmp_path: Path) -> None:
    add(tmp_path, "alice", push="**", delete="**")
    with Driver(tmp_path, settings=Settings(allow_delete=True, verify_on_read=True)) as registry:
        with slow_calls() as found:
            _push(registry)
            _pull(registry)
        assert found == []
        overwrite(file_of(registry, digest(CONTENT)), b"x" * len(CONTENT))
        with slow_calls() as found:
            assert registry("GET", BLOB, headers=ALICE).status == 404
            _take_away(registry)
        assert found == []


def _push(registry: Driver) -> None:
    _as_alice(registry, "POST", f"{UPLOADS}?digest={digest(CONTENT)}", CONTENT)
    session = _as_alice(registry, "POST", UPLOADS).location
    half = len(CONTENT) // 2
    for piece in (CONTENT[:half], CONTENT[half:]):
        session = _as_alice(registry, "PATCH", session, piece).location
    _as_alice(registry, "PUT", f"{session}?digest={digest(CONTENT, 'sha512')}")  # which was not hashed on the way
    _as_alice(registry, "POST", f"{UPLOADS}?digest={digest(b'{}')}", b"{}")
    _as_alice(registry, "PUT", "/v2/app/manifests/v1", image(CONTENT), **{"content-type": OCI_MANIFEST})
    _as_alice(registry, "POST", f"/v2/other/blobs/uploads/?mount={digest(CONTENT)}&from=app")


def _pull(registry: Driver) -> None:
    for path in ("app/manifests/v1", "app/tags/list", f"app/referrers/{digest(b'{}')}", "_catalog"):
        _as_alice(registry, "GET", f"/v2/{path}")
    assert _as_alice(registry, "GET", BLOB).body == CONTENT
    assert _as_alice(registry, "GET", BLOB, range="bytes=5-4000000").status == 206
    assert registry("GET", "/readyz").status == 200
    assert registry("GET", "/v2/", headers=basic("mallory")).status == 401


def _take_away(registry: Driver) -> None:
    _as_alice(registry, "DELETE", _as_alice(registry, "POST", UPLOADS).location)
    _as_alice(registry, "DELETE", f"/v2/app/manifests/{digest(image(CONTENT))}")
    opened = registry.run(registry.open())
    registry.run(scrub(opened))
    registry.run(sweep(replace(opened, clock=lambda: time.time() + 2 * DAY), Policy()))


def _as_alice(registry: Driver, method: str, target: str, body: bytes = b"", **headers: str) -> Reply:
    reply = registry(method, target, body, {**ALICE, **headers})
    assert reply.status < 300, reply.body
    return reply
