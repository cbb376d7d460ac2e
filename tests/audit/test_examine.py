"""What is wrong with images, as registries say: each kind of finding, at the embedded registry and at worse ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship import Client
from boxship.audit.examine import Wanted, audit
from boxship.audit.lock import Lock, write_lock
from boxship.audit.report import IDS, Level, Report
from boxship.audit.sources import Reading, uses_in
from boxship.audit.use import Text
from boxship.errors import InvalidSettings
from boxship.platform import Platform
from boxship.reference import Reference
from boxship.settings.pull_secret import read_secrets
from boxship.testing import (
    RunningRegistry,
    ScriptedRegistry,
    failure,
    html,
    instead,
    put_blob,
    put_image,
    put_manifest,
    refused,
    registry,
    serving,
    tls,
)
from tests.cli.running import boxship
from tests.transport.reaching import Authority

AMD, ARM = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")
HABITS = frozenset({"plain-http", "latest", "unpinned"})


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegistry]:
    with registry() as running:
        yield running


@pytest.fixture(scope="module")
def at(running: RunningRegistry) -> str:
    """A registry with an image for amd64, an index for two platforms, and an artifact that is no image."""
    address = running.address
    put_image(address, "app", "1")
    with Client() as client:
        amd = client.document(f"{address}/app:1")
    entries = [
        {"mediaType": amd.media_type, "digest": str(amd.digest), "size": len(amd.raw), "platform": platform}
        for platform in (
            {"os": "linux", "architecture": "amd64"},
            {"os": "linux", "architecture": "arm64", "variant": "v8"},
        )
    ]
    kind = "application/vnd.oci.image.index.v1+json"
    index = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": entries}).encode()
    put_manifest(address, "app", "index", index, media_type=kind)
    empty = put_blob(address, "chart", b"{}")
    config = {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": str(empty), "size": 2}
    chart = {"schemaVersion": 2, "mediaType": amd.media_type, "config": config, "layers": []}
    put_manifest(address, "chart", "1", json.dumps(chart).encode())
    return address


def report(text: str, wanted: Wanted | None = None, client: Client | None = None) -> Report:
    found = uses_in(Text("images", text), Reading())
    with client or Client() as used:
        return audit(used, found, wanted or Wanted(ignored=HABITS))


def ids(report: Report) -> list[tuple[str, ...]]:
    return [tuple(finding.id for finding in image.findings) for image in report.images]


def test_what_is_there_is_fine_and_what_is_not_is_missing(at: str) -> None:
    found = report(f"{at}/app:1\n{at}/app:2\n{at}/none:1\n{at}/app:1\n")
    assert ids(found) == [(), ("missing",), ("missing",)]
    assert [use.line for use in found.images[0].uses] == [1, 4]
    assert (found.healthy, found.counts[Level.ERROR]) == (False, 2)
    assert found.summary == "3 images, used 4 times in 1 file: 2 errors, 0 warnings"


def test_an_image_is_for_the_platforms_that_it_says(at: str) -> None:
    found = report(f"{at}/app:1\n{at}/app:index\n{at}/chart:1\n{at}/app:2\n", Wanted((AMD, ARM), ignored=HABITS))
    assert ids(found) == [("platform",), (), ("platform", "platform"), ("missing",)]
    assert found.images[0].findings[0].words == "it is not for linux/arm64: its platforms are linux/amd64"
    assert list(map(str, found.images[1].known.platforms)) == ["linux/amd64", "linux/arm64/v8"]


def test_what_has_moved_since_it_was_locked_is_found(at: str) -> None:
    first = put_image(at, "moving", "1")
    lock = Lock.parse(write_lock([(Reference.parse(f"{at}/moving:1"), first)]), "images.lock")
    text = f"{at}/moving:1\n{at}/moving:1@{first}\n{at}/app:1\n"
    wanted = Wanted(lock=lock, ignored=HABITS)
    assert ids(report(text, wanted)) == [(), (), ("unlocked",)]
    second = put_image(at, "moving", "1")
    moved = report(f"{text}{at}/moving:1@{second}\n", wanted)
    assert ids(moved) == [("drift",), (), ("unlocked",), ("drift",)]
    assert moved.images[0].findings[0].words == f"it is {second}, and was locked as {first}"


def test_habits_are_warnings_and_what_is_pinned_has_none(at: str) -> None:
    digest = str(put_image(at, "pinned", "1"))
    text = f"{at}/app:1\n{at}/pinned@{digest}\n{at}/none\n"
    found = report(text, Wanted())
    assert ids(found) == [("plain-http", "unpinned"), ("plain-http",), ("missing", "plain-http", "latest")]
    assert {finding.level for finding in found.images[0].findings} == {Level.WARNING}
    assert report(f"{at}/app:1\n", Wanted()).healthy
    assert ids(report(text, Wanted(ignored=frozenset(IDS)))) == [(), (), ()]


def test_what_is_spoken_over_tls_is_not_plain(authority: Authority) -> None:
    with tls(ScriptedRegistry(tags=["1"]), authority.server("127.0.0.1")) as server:
        client = Client(ca_file=authority.file)
        assert ids(report(f"{server.address}/app:1\n", Wanted(), client)) == [("unpinned",)]


def test_names_that_are_none_are_said_and_no_scheme_stands_before_an_image(at: str) -> None:
    found = report(f"UPPER\nhttp://{at}/app:1\napp:\n{at}/app:1\n")
    assert ids(found) == [("invalid",), ("invalid",), ("invalid",), ()]
    assert "no scheme" in found.images[1].findings[0].words


def test_a_registry_that_does_not_answer_is_asked_once() -> None:
    with refused() as place:
        events: list[str] = []
        client = Client(on_event=lambda event: events.append(event.name))
        found = report("".join(f"{place.address}/app:{number}\n" for number in range(200)), client=client)
    assert ids(found) == [("unreachable",)] * 200
    assert events.count("ConnectStart") <= 10


def test_an_answer_that_is_none_of_a_registry_is_said() -> None:
    with serving(instead(ScriptedRegistry(tags=["1"]), "/manifests/", html())) as server:
        assert ids(report(f"{server.address}/app:1\n")) == [("failed",)]
    with serving(instead(ScriptedRegistry(tags=["1"]), "/manifests/", failure(403, "DENIED", "no"))) as server:
        assert ids(report(f"{server.address}/app:1\n")) == [("refused",)]


def secret(key: str, user: str, password: str) -> str:
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    data = base64.b64encode(json.dumps({"auths": {key: {"auth": auth}}}).encode()).decode()
    return json.dumps(
        {
            "kind": "Secret",
            "metadata": {"name": "pull", "namespace": "team"},
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": data},
        }
    )


def test_pull_secrets_open_what_their_entries_are_for(tmp_path: Path) -> None:
    with registry(tmp_path) as running:
        put_image(running.address, "team/app", "1")
        put_image(running.address, "other/app", "1")
        password = ("--password-stdin", "--disk", str(tmp_path))
        assert boxship("registry", "user", "add", "ci", "--pull", "*", *password, given=b"s3cret").status == 0
        text = f"{running.address}/team/app:1\n{running.address}/other/app:1\n"
        told = list[str]()
        for key, password_, expected in (
            (f"{running.address}/team", "s3cret", [(), ("refused",)]),
            (running.address, "s3cret", [(), ()]),
            (running.address, "wrong", [("refused",), ("refused",)]),
        ):
            keyring = read_secrets(secret(key, "ci", password_)).keyring
            found = report(text, client=Client(pull_secrets=keyring))
            assert ids(found) == expected
            told.append(" ".join(finding.remedy for image in found.images for finding in image.findings))
        assert "/team is not how /other/app begins" in told[0]
        assert told[2].count(f"it was tried with '{running.address}' of team/pull") == 2
        assert "s3cret" not in json.dumps(found.document())


@pytest.mark.parametrize(
    ("text", "line"), [("a:1\n", 1), (f"# x\na:1 sha256:{'0' * 64}\na:1 sha256:{'1' * 64}\n", 3), ("a:1 sha256:0\n", 1)]
)
def test_a_lock_file_that_is_none_is_said_with_its_line(text: str, line: int) -> None:
    with pytest.raises(InvalidSettings) as error:
        Lock.parse(text, "images.lock")
    assert error.value.line == line


def test_a_tag_that_is_pinned_to_what_it_was_has_two_lines_of_a_lock(at: str) -> None:
    before, now = put_image(at, "twice", "1"), put_image(at, "twice", "1")
    text = f"{at}/twice:1@{before}\n{at}/twice:1\n{at}/twice:1@{now}\n{at}/twice@{before}\n"
    found = report(text)
    written = write_lock((Reference.parse(one.image), one.known.digest) for one in found.images if one.known.digest)
    assert written.splitlines() == [f"{at}/twice:1 {now}", f"{at}/twice@{before} {before}"]
    wanted = Wanted(lock=Lock.parse(written, "images.lock"), ignored=HABITS)
    assert ids(report(text, wanted)) == [(), (), (), ()]
    other = put_image(at, "twice", "1")
    pinned = f"{at}/twice:1@{other}\n{at}/app@{put_image(at, 'app', 'pinned')}\n"
    assert ids(report(text + pinned, wanted)) == [(), ("drift",), (), (), ("drift",), ()]


def test_a_lock_is_sorted_and_read_as_it_was_written() -> None:
    digest = "sha256:" + "0" * 64
    written = write_lock(
        (Reference.parse(text), Reference.parse(f"a@{digest}").digest)  # type: ignore[misc]
        for text in ("reg.corp/b", "a:1", "docker.io/library/a:1", f"c@{digest}")
    )
    assert written.splitlines() == [
        f"docker.io/library/a:1 {digest}",
        f"docker.io/library/c@{digest} {digest}",
        f"reg.corp/b:latest {digest}",
    ]
    assert len(Lock.parse(written, "images.lock").digests) == 3
