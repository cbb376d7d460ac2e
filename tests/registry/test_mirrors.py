"""Reading goes through mirrors in their order, each with its own settings; what one cannot give, the next one does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import InvalidSettings, NotFound, UnexpectedAnswer
from boxship.event import Event
from boxship.testing import (
    Answer,
    Request,
    ScriptedRegistry,
    basic,
    black_hole,
    failure,
    mute,
    rate_limited,
    refused,
    serving,
)
from tests.registry.images import GOOD, RAW, answer_of
from tests.registry.mirrored import asked, conf, hosts, sent, write
from tests.transport.reaching import failing


def nothing(_: Request) -> Answer:
    return failure(404, "MANIFEST_UNKNOWN", "manifest unknown")


def content(answer: Answer) -> Callable[[Request], Answer]:
    """A registry whose manifests and blobs are all this answer."""
    return lambda request: GOOD(request) if request.path == "/v2/" else answer


def test_order_and_names(home: Path) -> None:
    """The first mirror has it not, the second has; the registry itself is not asked."""
    with serving(nothing) as first, serving(GOOD) as second, serving(GOOD) as origin:
        conf(home, origin, f'location = "{first.address}/hub"', f'location = "{second.address}/a/b"')
        with Client() as client:
            assert client.document(f"{origin.address}/app:v1").raw == RAW
    assert asked(first) == ["GET /v2/hub/app/manifests/v1"]
    assert asked(second) == ["GET /v2/a/b/app/manifests/v1"]
    assert asked(origin) == []


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502, 503, 504])
def test_what_leads_on(home: Path, status: int) -> None:
    """At once: a mirror is not asked twice, though Retry-After may ask for patience."""
    wrong = failure(status, "DENIED", "no", headers={"Retry-After": "30"})
    with serving(wrong) as mirror, serving(GOOD) as origin:
        conf(home, origin, mirror)
        with Client() as client:
            began = time.monotonic()
            assert client.document(f"{origin.address}/app:v1").raw == RAW
            assert time.monotonic() - began < 10
    assert len(asked(mirror)) == len(asked(origin)) == 1


def test_what_does_not(home: Path) -> None:
    with serving(failure(400, "NAME_INVALID", "no")) as mirror, serving(GOOD) as origin:
        conf(home, origin, mirror)
        with Client() as client:
            error = failing(lambda: client.document(f"{origin.address}/app:v1"))
    assert isinstance(error, UnexpectedAnswer)
    assert asked(origin) == []


def test_nobody_has_it(home: Path) -> None:
    """The error is the registry's own, and says what the mirrors had."""
    with serving(nothing) as mirror, serving(nothing) as origin:
        conf(home, origin, mirror)
        with Client() as client:
            error = failing(lambda: client.document(f"{origin.address}/app:v1"))
    assert isinstance(error, NotFound)
    assert origin.address in error.what
    assert f"before it, its mirrors: the manifest {origin.address}/app:v1 at {mirror.address}: not found" in error.why


@pytest.mark.parametrize("gone", [black_hole, refused])
def test_one_that_cannot_be_reached(home: Path, gone: object) -> None:
    """The next one's connect starts after a second, and the first is passed over from then on."""
    events: list[Event] = []
    with gone() as mirror, serving(GOOD) as origin:  # type: ignore[operator] # either is made alike
        conf(home, origin, mirror)
        with Client(on_event=events.append) as client:
            began = time.monotonic()
            assert client.document(f"{origin.address}/app:v1").raw == RAW
            assert time.monotonic() - began < 4
            assert [event.name for event in events].count("MirrorFailed") == 1
            events.clear()
            assert client.document(f"{origin.address}/app:v2").raw == RAW
    assert {"ConnectStart", "MirrorFailed"}.isdisjoint(event.name for event in events)


def test_one_that_never_answers(home: Path) -> None:
    """It connects, so it is asked; its bound is what ends that."""
    with mute() as mirror, serving(GOOD) as origin:
        conf(home, origin, mirror)
        write(
            home / "config" / "boxship" / "config.toml",
            f'[host."{mirror.address}".timeouts]\nfirst-byte = 0.3\ntls-first-byte = 0.2\nquestion = 0.3\n',
        )
        with Client() as client:
            assert client.document(f"{origin.address}/app:v1").raw == RAW


def test_wrong_bytes(home: Path) -> None:
    """What a digest does not verify is asked for elsewhere."""
    wrong = answer_of(RAW + b" ")
    with serving(content(wrong)) as mirror, serving(GOOD) as origin:
        conf(home, origin, mirror)
        with Client() as client:
            assert client.document(f"{origin.address}/app@{Digest.of(RAW)}").raw == RAW
    assert len(asked(mirror)) == 1


def test_a_tag_means_what_the_first_one_says(home: Path) -> None:
    """A mirror that said the digest and broke off: all others are asked for that digest, not for the tag."""
    digest = str(Digest.of(RAW))
    headers = {"Content-Type": "application/vnd.oci.image.manifest.v1+json", "Docker-Content-Digest": digest}
    broken = Answer(200, RAW, headers=headers, truncate_after=10)
    with serving(content(broken)) as mirror, serving(GOOD) as origin:
        conf(home, origin, mirror)
        with Client() as client:
            assert client.document(f"{origin.address}/app:v1").raw == RAW
    assert asked(origin) == [f"GET /v2/app/manifests/{digest}"]


def test_what_a_mirror_says_of_a_tag_is_nothing_where_it_sends_something_else(home: Path) -> None:
    """Its digest is not what it sent: the registry is asked for the tag, which no mirror can take from it."""
    headers = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
    headers["Docker-Content-Digest"] = str(Digest.of(b"something else"))
    with serving(content(Answer(200, RAW, headers=headers))) as mirror, serving(GOOD) as origin:
        conf(home, origin, mirror)
        with Client() as client:
            assert client.document(f"{origin.address}/app:v1").raw == RAW
    assert asked(origin) == ["GET /v2/app/manifests/v1"]


@pytest.mark.parametrize(
    ("told", "tag", "digest"),
    [("digest-only", False, True), ("tag-only", True, False), ("all", True, True)],
)
def test_pull_from_mirror(home: Path, told: str, tag: bool, digest: bool) -> None:  # noqa: FBT001 -- a table's columns
    with serving(GOOD) as mirror, serving(GOOD) as origin:
        conf(home, origin, f'location = "{mirror.address}"\npull-from-mirror = "{told}"')
        with Client() as client:
            client.document(f"{origin.address}/app:v1")
            client.document(f"{origin.address}/app@{Digest.of(RAW)}")
    assert [line.endswith("/v1") for line in asked(mirror)] == [True] * tag + [False] * digest


def test_blobs_come_from_mirrors_whichever_had_the_tag(home: Path) -> None:
    with serving(GOOD) as mirror, serving(GOOD) as origin:
        conf(home, origin, mirror, **{"mirror-by-digest-only": "true"})
        with Client() as client:
            client.config(f"{origin.address}/app:v1")
    assert asked(origin) == ["GET /v2/app/manifests/v1"]
    assert [line.partition("sha256")[0] for line in asked(mirror)] == ["GET /v2/app/blobs/"]


def test_a_blob_that_breaks_off_goes_on_elsewhere(home: Path) -> None:
    good = ScriptedRegistry()
    config = good.image.config
    broken = Answer(200, config, truncate_after=20, afterwards="drop")
    with serving(content(broken)) as mirror, serving(good) as origin:
        conf(home, origin, mirror)
        with Client() as client:
            assert client.read_blob(f"{origin.address}/app@{Digest.of(config)}") == config
    assert len(asked(mirror)) == 1
    assert sent(origin, "range") == ["bytes=20-"]


def test_lists_are_of_who_has_all(home: Path) -> None:
    """A mirror need not have all tags."""
    with serving(GOOD) as mirror, serving(GOOD) as origin:
        conf(home, origin, mirror)
        with Client() as client:
            assert list(client.tags(f"{origin.address}/app"))
    assert asked(mirror) == []
    assert asked(origin)


def test_lists_are_of_the_new_place(home: Path) -> None:
    with serving(GOOD) as elsewhere, serving(GOOD) as origin:
        text = f'[[registry]]\nprefix = "{origin.address}/old"\nlocation = "{elsewhere.address}/new"\n'
        write(home / ".config" / "containers" / "registries.conf", text)
        with Client() as client:
            assert list(client.tags(f"{origin.address}/old/app"))
            client.document(f"{origin.address}/old/app:v1")
    assert asked(elsewhere) == ["GET /v2/new/app/tags/list", "GET /v2/new/app/manifests/v1"]
    assert asked(origin) == []


def test_a_scheme_asks_that_very_host(home: Path) -> None:
    with serving(GOOD) as mirror, serving(GOOD) as origin:
        conf(home, origin, mirror)
        with Client() as client:
            client.document(f"{origin.url}/app:v1")
    assert asked(mirror) == []


# What is written.


def test_nothing_is_written_to_a_mirror(home: Path) -> None:
    """Nor is a mirror asked what there is to write."""
    with serving(GOOD) as mirror, serving(GOOD) as origin:
        conf(home, origin, mirror)
        with Client() as client, client.api("HEAD", origin.address, f"/v2/app/blobs/{Digest.of(RAW)}"):
            pass
        with Client() as client:
            failing(lambda: client.tag(f"{origin.address}/app:v1", "v2"))
    assert {line.partition(" ")[0] for line in asked(mirror)} <= {"GET"}
    assert "PUT /v2/app/manifests/v2" in asked(origin)


# Secrets.


def test_a_mirror_is_sent_its_own_credential_alone(home: Path) -> None:
    """Flags are for the registry that is named, the entry of docker's file for the host that it names."""
    guarded = ScriptedRegistry(access=basic("mia", "mirrors"))
    with serving(guarded) as mirror, serving(GOOD) as origin:
        conf(home, origin, mirror)
        with Client(username="ana", password="origins", headers={"X-Key": "1"}) as client:
            client.document(f"{origin.address}/app:v1")
        assert sent(mirror, "authorization") == [None]
        assert sent(mirror, "x-key") == [None]
        assert sent(origin, "x-key") == ["1"]
        auths = f'{{"auths": {{"{mirror.address}": {{"username": "mia", "password": "mirrors"}}}}}}'
        write(home / ".docker" / "config.json", auths)
        with Client() as client:
            client.document(f"{origin.address}/app:v1")
    assert [*map(bool, sent(mirror, "authorization"))] == [False, False, True]
    assert len(asked(origin)) == 1


# What is blocked.


@pytest.mark.parametrize("name", ["app", "team/app"])
def test_blocked(home: Path, name: str) -> None:
    with serving(GOOD) as origin:
        text = f'[[registry]]\nlocation = "{origin.address}/team"\nblocked = true\n'
        file = write(home / ".config" / "containers" / "registries.conf", text)
        with Client() as client:
            calls = (
                lambda: client.document(f"{origin.address}/{name}:v1"),
                lambda: list(client.tags(f"{origin.address}/{name}")),
                lambda: client.read_blob(f"{origin.url}/{name}@{Digest.of(RAW)}"),
                lambda: client.api("GET", origin.address, f"/v2/{name}/tags/list").__enter__(),
            )
            if name == "app":
                client.document(f"{origin.address}/{name}:v1")
                return
            for call in calls:
                error = failing(call)
                assert isinstance(error, InvalidSettings)
                assert (error.file, error.line) == (str(file), 3)
                assert f"{origin.address}/{name} is blocked" in error.why
        assert asked(origin) == []


def test_a_whole_host_is_blocked(home: Path) -> None:
    with serving(GOOD) as origin:
        conf(home, origin, blocked="true")
        with Client() as client:
            for call in (lambda: client.ping(origin.address), lambda: list(client.catalog(origin.address))):
                assert "is blocked" in failing(call).why
        assert asked(origin) == []


# containerd's.


def test_hosts_toml(home: Path) -> None:
    """In the file's order, under its path, with its headers and `?ns=`; who cannot resolve is not asked for tags."""
    with serving(GOOD) as blobs, serving(nothing) as first, serving(GOOD) as second, serving(GOOD) as origin:
        name = f"127.0.0.1_{origin.port}_"
        text = f"""
[host."{blobs.url}"]
capabilities = ["pull"]
[host."{first.url}/deep"]
[host."{second.url}/v2/proxy"]
override_path = true
[host."{second.url}/v2/proxy".header]
x-key = ["1", "2"]
"""
        hosts(home, name, text)
        with Client() as client:
            client.config(f"{origin.address}/app:v1")
        ns = f"?ns={origin.address}"
    assert asked(first) == [f"GET /deep/v2/app/manifests/v1{ns}"]
    assert asked(second) == [f"GET /v2/proxy/app/manifests/v1{ns}"]
    assert sent(second, "x-key") == ["1, 2"]
    assert [line.partition("sha256")[0] for line in asked(blobs)] == ["GET /v2/app/blobs/"]
    assert asked(blobs)[0].endswith(ns)
    assert asked(origin) == []


def test_a_server_that_is_another(home: Path) -> None:
    """Then the registry itself is never read from, and is what is written to."""
    with serving(GOOD) as mirror, serving(GOOD) as origin:
        hosts(home, "_default", f'server = "{mirror.url}"\n')
        with Client() as client:
            client.document(f"{origin.address}/app:v1")
            assert list(client.tags(f"{origin.address}/app"))
            failing(lambda: client.tag(f"{origin.address}/app:v1", "v2"))
    assert {line.partition(" ")[0] for line in asked(mirror)} <= {"GET", "HEAD"}
    assert {line.partition(" ")[0] for line in asked(origin)} == {"PUT"}


# docker's, and k3s'.


def test_dockers_mirror(home: Path) -> None:
    with serving(answer_of(RAW)) as mirror, serving(GOOD) as other:
        write(home / "etc" / "docker" / "daemon.json", f'{{"registry-mirrors": ["{mirror.url}/hub/"]}}')
        with Client() as client:
            client.document("docker.io/library/alpine:3")
            client.document(f"{other.address}/app:v1")
    assert asked(mirror) == ["GET /hub/v2/library/alpine/manifests/3"]
    assert len(asked(other)) == 1


def test_k3s(home: Path) -> None:
    guarded = ScriptedRegistry(access=basic("mia", "mirrors"))
    with serving(guarded) as mirror, serving(GOOD) as origin:
        text = f"""mirrors:
  "*":
    endpoint: ["{mirror.url}"]
    rewrite:
      "^team/(.*)": "mirrored/$1"
configs:
  "{mirror.address}":
    auth: {{username: mia, password: mirrors}}
"""
        write(home / "etc" / "rancher" / "k3s" / "registries.yaml", text)
        with Client() as client:
            client.document(f"{origin.address}/team/app:v1")
    path = f"/v2/mirrored/app/manifests/v1?ns={origin.address}"
    assert asked(mirror) == [f"GET {path}", f"GET {path}"]
    assert asked(origin) == []


def test_whose_mirrors_count(home: Path) -> None:
    """registries.conf before hosts.toml, and no list of both."""
    with serving(nothing) as podmans, serving(GOOD) as containerds, serving(GOOD) as origin:
        conf(home, origin, podmans)
        hosts(home, "_default", f'[host."{containerds.url}"]\n')
        with Client() as client:
            client.document(f"{origin.address}/app:v1")
            assert len(asked(origin)) == 1
    assert asked(containerds) == []
    assert len(asked(podmans)) == 1


def test_limited_is_limited(home: Path) -> None:
    """What is limited everywhere ends as that."""
    with serving(rate_limited("120")) as mirror, serving(rate_limited("120")) as origin:
        conf(home, origin, mirror)
        with Client() as client:
            error = failing(lambda: client.document(f"{origin.address}/app:v1"))
    assert error.exit_status == 7
