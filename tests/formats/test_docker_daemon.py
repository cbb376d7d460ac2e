"""Images out of docker's daemon and into it, and what is said where that does not go."""

from __future__ import annotations

import errno
import json
import os
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from boxship.connect.deadline import Work, current_work
from boxship.errors import (
    BoxshipError,
    BrokenAnswer,
    Cancelled,
    ConnectFailed,
    InvalidReference,
    InvalidSettings,
    NotFound,
    SizeMismatch,
    TimedOut,
    UnexpectedAnswer,
)
from boxship.formats.memory import Memory
from boxship.formats.opening import source_at, target_at
from boxship.formats.place import Kind, Place
from boxship.settings.docker_host import docker_host
from boxship.transport import engine
from tests.formats.daemon import Daemon, daemon
from tests.formats.stores import copied, in_memory
from tests.formats.test_archives import BIG, Counted, write
from tests.formats.test_copy import write_docker_archive

APP = Place(Kind.DOCKER_DAEMON, Path(), "app:1")


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    with TemporaryDirectory(prefix="docker-") as short, daemon(Path(short, "socket")) as running:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{running.socket}")
        yield running


def test_an_image_comes_out_of_docker_by_whatever_name_it_is_asked_for(docker: Daemon, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    write_docker_archive(archive, [b"one" * 100_000])
    for name in ("app:1", "docker.io/library/app:1", "sha256:0123"):
        docker.images[name] = archive.read_bytes()
        with source_at(Place(Kind.DOCKER_DAEMON, Path(), name)) as source:
            back = Memory()
            assert copied(source, name, back, "1").pushed == 2
    assert docker.asked[:2] == ["GET /_ping", "GET /images/app:1/get"]


def test_an_image_goes_into_docker_by_its_name(docker: Daemon) -> None:
    digest = write(APP, in_memory(BIG, "1"), "1", "app:1")
    assert digest == BIG.digest
    assert docker.asked == ["GET /_ping", "POST /images/load?quiet=0"]
    (archive,) = docker.loaded
    with tarfile.open(fileobj=BytesIO(archive), mode="r:") as tar:
        listed = tar.extractfile("manifest.json")
        assert listed
        (entry,) = json.load(listed)
        layers = [tar.extractfile(name).read() for name in entry["Layers"]]  # type: ignore[union-attr]
    assert (entry["RepoTags"], layers) == (["app:1"], list(BIG.layers))


# What goes wrong.


def test_an_image_that_docker_has_not_is_not_found(docker: Daemon) -> None:
    with (
        pytest.raises(NotFound, match=r"the image app:1 from docker's daemon at unix:.*No such image: app:1"),
        source_at(APP),
    ):
        pass


def test_what_docker_says_while_it_saves_is_said(docker: Daemon, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    write_docker_archive(archive, [b"one" * 100_000])
    words = b'{"errorDetail":{"message":"open /var/lib/docker: no space left"},"error":"no space left"}\r\n'
    docker.images["app:1"] = archive.read_bytes()[:100_000] + words
    with pytest.raises(UnexpectedAnswer, match="open /var/lib/docker: no space left"), source_at(APP):
        pass


def test_what_docker_says_too_deeply_says_nothing(docker: Daemon, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    write_docker_archive(archive, [b"one" * 100_000])
    docker.images["app:1"] = archive.read_bytes()[:100_000] + b'{"errorDetail":' + b"[" * 3000 + b"\r\n"
    with pytest.raises(UnexpectedAnswer, match="is no tar file"), source_at(APP):
        pass


def test_what_docker_says_to_what_it_gets_is_said(docker: Daemon) -> None:
    def refuses(handler: Any) -> bool:
        if handler.command == "POST":
            handler.body()
            handler.begin(200, "application/json")
            handler.chunk(b'{"status":"Loading layer","id":"0a"}\r\n')
            handler.chunk(b'{"errorDetail":{"message":"invalid diffID"},"error":"invalid diffID"}\r\n')
            handler.chunk(b"")
        return bool(handler.command == "POST")

    docker.instead = refuses
    with pytest.raises(UnexpectedAnswer, match=r"the image app:1, to docker's daemon at unix:.*: invalid diffID"):
        write(APP, in_memory(BIG, "1"), "1", "app:1")


def test_a_daemon_that_takes_no_more_is_heard(docker: Daemon) -> None:
    def leaves(handler: Any) -> bool:
        if handler.command == "POST":
            handler.rfile.read(100)
            handler.said(500, "the disk is full")
            handler.close_connection = True
        return bool(handler.command == "POST")

    docker.instead = leaves
    with pytest.raises((UnexpectedAnswer, BrokenAnswer)):
        write(APP, in_memory(BIG, "1"), "1", "app:1")


def test_what_breaks_off_at_its_source_is_never_whole_for_docker(docker: Daemon) -> None:
    source = Counted(breaks=True)
    in_memory(BIG, "1", into=source)
    with pytest.raises(SizeMismatch):
        write(APP, source, "1", "app:1")
    assert docker.loaded == []


@pytest.mark.parametrize("command", ["GET", "POST"])
def test_a_daemon_that_hangs_is_not_waited_for(docker: Daemon, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(engine, "_PING", 0.2)
    monkeypatch.setattr(engine, "_BUSY", 0.2)
    over = threading.Event()
    hangs = "/_ping" if command == "GET" else "/images/load?quiet=0"
    docker.instead = lambda handler: handler.path == hangs and over.wait(20)
    with pytest.raises(TimedOut, match=r"docker's answer"):
        write(APP, in_memory(BIG, "1"), "1", "app:1")
    over.set()


def test_who_cancels_does_not_wait(docker: Daemon) -> None:
    over, begun = threading.Event(), threading.Event()

    def hangs(handler: Any) -> bool:
        begun.set()
        return over.wait(20)

    def cancels() -> None:
        begun.wait(20)
        work.cancel()

    docker.instead = hangs
    work = Work()
    threading.Thread(target=cancels).start()
    began = time.monotonic()
    with pytest.raises(Cancelled), as_part_of(work), source_at(APP):
        pass
    over.set()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("closes", ["Connection: close", "Content-Length: 9999"])
def test_who_cancels_in_the_middle_of_an_image_does_not_wait(docker: Daemon, closes: str) -> None:
    over, begun = threading.Event(), threading.Event()
    work = Work()

    def stalls(handler: Any) -> bool:
        if handler.path == "/_ping":
            return False
        handler.wfile.write(f"HTTP/1.1 200 OK\r\n{closes}\r\n\r\n".encode() + bytes(512))
        begun.set()
        return over.wait(20)

    def cancels() -> None:
        begun.wait(20)
        time.sleep(0.2)  # until the head has been read
        work.cancel()

    docker.instead = stalls
    threading.Thread(target=cancels).start()
    began = time.monotonic()
    with pytest.raises(Cancelled), as_part_of(work), source_at(APP):
        pass
    over.set()
    assert time.monotonic() - began < 10


def saves() -> None:
    with source_at(APP):
        pass


def loads() -> None:
    write(APP, in_memory(BIG, "1"), "1", "app:1")


@pytest.mark.parametrize("verb", [saves, loads])
def test_a_daemon_that_brings_little_without_end_is_heard_until_time_is_up(
    docker: Daemon, verb: Callable[[], None]
) -> None:
    over = threading.Event()

    def trickles(handler: Any) -> bool:
        if handler.path == "/_ping":
            return False
        if handler.command == "POST":
            handler.body()
        handler.begin(200, "application/json")
        while not over.wait(0.05):
            handler.chunk(b'{"status":"Loading layer"}\r\n')
        return True

    docker.instead = trickles
    began = time.monotonic()
    with pytest.raises(TimedOut, match="not done within"), as_part_of(Work(timeout=0.5)):
        verb()
    over.set()
    assert time.monotonic() - began < 10


@contextmanager
def as_part_of(work: Work) -> Iterator[None]:
    token = current_work.set(work)
    try:
        yield
    finally:
        current_work.reset(token)


def test_where_no_daemon_listens_it_is_said_who_named_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing")
    with pytest.raises(ConnectFailed, match=r"no such file or directory; so says DOCKER_HOST \(is docker running"):
        write(APP, in_memory(BIG, "1"), "1", "app:1")


@pytest.mark.parametrize(("number", "remedy"), [(errno.EACCES, "group docker"), (errno.ECONNREFUSED, "is docker run")])
def test_a_socket_that_cannot_be_used_is_said(
    docker: Daemon, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(number, os.strerror(number))  # root may use every socket

    monkeypatch.setattr(socket.socket, "connect", refuses)
    with pytest.raises(ConnectFailed, match=rf"{os.strerror(number).lower()}.*{remedy}"), source_at(APP):
        pass


# Where it listens.


def context(home: Path, name: str, host: str) -> Path:
    import hashlib

    meta = home / ".docker" / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))
    return meta


def test_the_place_is_found_as_docker_finds_it(tmp_path: Path) -> None:
    context(tmp_path, "rootless", "unix:///run/user/1000/docker.sock")
    home = {"HOME": str(tmp_path)}
    assert str(docker_host(home)) == "unix:///var/run/docker.sock (default)"
    assert docker_host({**home, "DOCKER_CONTEXT": "rootless"}).path == "/run/user/1000/docker.sock"
    (tmp_path / ".docker" / "config.json").write_text('{"currentContext": "rootless"}')
    found = docker_host(home)
    assert (found.path, found.said.source.endswith("meta.json:1")) == ("/run/user/1000/docker.sock", True)
    assert docker_host({**home, "DOCKER_CONTEXT": "default"}).path == "/var/run/docker.sock"
    given = docker_host({**home, "DOCKER_HOST": "tcp://127.0.0.1:2375"})
    assert (given.host, given.port, given.said.source) == ("127.0.0.1", 2375, "DOCKER_HOST")
    assert docker_host({"DOCKER_HOST": "tcp://[::1]:99"}).host == "::1"
    assert docker_host({"DOCKER_HOST": "tcp://docker"}).port == 2375
    with pytest.raises(InvalidSettings, match="names no host"):
        docker_host({**home, "DOCKER_CONTEXT": "missing"})


@pytest.mark.parametrize("host", ["ssh://me@there", "npipe:////./pipe/docker_engine", "unix://", "there", "tcp://a:b"])
def test_a_host_of_another_kind_is_said_to_be_unknown(host: str) -> None:
    with pytest.raises(InvalidSettings, match=r"DOCKER_HOST.*docker save"):
        docker_host({"DOCKER_HOST": host})


@pytest.mark.parametrize(
    "host", ["tcp://me:hunter2@there:2375", "tcp://hunter2@there", "ssh://me:hunter2@there", "hunter2@a"]
)
def test_a_host_with_a_password_is_refused_and_not_repeated(host: str) -> None:
    with pytest.raises(InvalidSettings, match=r"DOCKER_HOST.*log-in") as raised:
        docker_host({"DOCKER_HOST": host})
    assert "hunter2" not in f"{raised.value} {raised.value!r}"


def test_a_daemon_behind_tls_is_not_spoken_to_in_plain_words() -> None:
    with pytest.raises(InvalidSettings, match=r"DOCKER_TLS_VERIFY.*not spoken to over TLS.*docker save"):
        docker_host({"DOCKER_HOST": "tcp://127.0.0.1:2376", "DOCKER_TLS_VERIFY": "1"})
    assert docker_host({"DOCKER_HOST": "unix:///s", "DOCKER_TLS_VERIFY": "1"}).path == "/s"


def test_a_place_is_written_with_the_image_s_name() -> None:
    place = Place.parse("docker-daemon:busybox:latest")
    assert place == Place(Kind.DOCKER_DAEMON, Path(), "busybox:latest")
    assert str(place) == "docker-daemon:busybox:latest"
    with pytest.raises(InvalidReference, match="no image"):
        Place.parse("docker-daemon:")
    for text in ("oci:", "dir:", "docker-archive:", "oci::name"):
        with pytest.raises(InvalidReference, match="no path"):
            Place.parse(text)


def test_a_name_that_docker_cannot_have_is_said(docker: Daemon) -> None:
    with pytest.raises(BoxshipError, match="App"):
        write(Place(Kind.DOCKER_DAEMON, Path(), "App:1"), in_memory(BIG, "1"), "1", "App:1")
    assert docker.loaded == []


def test_both_ends_may_be_docker(docker: Daemon, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    write_docker_archive(archive, [b"one" * 100_000])
    docker.images["app:1"] = archive.read_bytes()
    with source_at(APP) as source, target_at(Place(Kind.DOCKER_DAEMON, Path(), "other:2")) as target:
        copied(source, "app:1", target, "other:2")
    assert len(docker.loaded) == 1


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.DOCKER_DAEMON])
def test_an_image_goes_through_docker_from_every_format_to_every_format(
    docker: Daemon, tmp_path: Path, kind: Kind
) -> None:
    first, last = (Place(kind, tmp_path / name, "" if kind is Kind.DIR else "app:1") for name in ("first", "last"))
    write(first, in_memory(BIG, "1"), "1", "app:1")
    with source_at(first) as source, target_at(APP) as target:
        copied(source, first.name, target, "app:1")
    docker.images["app:1"] = docker.loaded[-1]
    with source_at(APP) as source, target_at(last) as target:
        copied(source, "app:1", target, "app:1")
    back = Memory()
    with source_at(last) as source:
        assert copied(source, last.name, back, "1").digest == BIG.digest
