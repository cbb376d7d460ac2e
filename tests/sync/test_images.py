"""What of an image is brought: platforms, what refers to it, dates; what it was called before; and who is asked how."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.media_type import OCI_INDEX, OCI_MANIFEST
from boxship.testing import Answer, Image, Request, RunningRegistry, put_blob, put_image, put_manifest, registry
from tests.cli.front import front
from tests.cli.running import PATIENCE, begin, boxship


@pytest.fixture(scope="module")
def source() -> Iterator[RunningRegistry]:
    with registry() as running:
        yield running


@pytest.fixture
def target() -> Iterator[RunningRegistry]:
    with registry(allow_delete=True) as running:
        yield running


def put_index(address: str, name: str, *platforms: str) -> dict[str, Digest]:
    """An index of so many platforms, as `name:1`; the digest of each, and of the index as ''."""
    found, entries = dict[str, Digest](), []
    for platform in platforms:
        system, _, architecture = platform.partition("/")
        image = Image.of([platform.encode()], platform=platform)
        found[platform] = put_image(address, name, architecture, image)
        described = {"mediaType": OCI_MANIFEST, "digest": str(image.digest), "size": len(image.manifest)}
        entries.append({**described, "platform": {"os": system, "architecture": architecture}})
    raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    found[""] = put_manifest(address, name, "1", raw, media_type=OCI_INDEX)
    return found


def put_dated(address: str, name: str, tag: str, created: str) -> None:
    config = json.dumps({"os": "linux", "architecture": "amd64", "created": created}).encode()
    put_blob(address, name, config)
    described = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(config)}
    document = {"config": {**described, "digest": str(Digest.of(config))}, "layers": []}
    raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, **document}).encode()
    put_manifest(address, name, tag, raw)


def put_signature(address: str, name: str, subject: Digest, size: int, tag: str = "") -> Digest:
    """What refers to the subject."""
    config = b"{}"
    put_blob(address, name, config)
    described = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": str(Digest.of(config)), "size": 2}
    about = {"mediaType": OCI_MANIFEST, "digest": str(subject), "size": size}
    document = {"artifactType": "a/signature", "config": described, "layers": [], "subject": about}
    raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, **document}).encode()
    return put_manifest(address, name, tag or str(Digest.of(raw)), raw)


def report(*words: str) -> dict[str, int]:
    done = boxship("sync", *words, "-o", "json")
    assert done.status == 0, done.errors
    numbers: dict[str, int] = json.loads(done.output)
    return numbers


def test_one_platform_is_an_image_and_known_again(source: RunningRegistry, target: RunningRegistry) -> None:
    digests = put_index(source.address, "one", "linux/amd64", "linux/arm64")
    words = (f"{source.address}/one:1", f"{target.address}/one", "--platform", "linux/arm64")
    assert report(*words)["copied"] == 1
    with Client() as client:
        assert client.digest(f"{target.address}/one:1") == digests["linux/arm64"]
    assert report(*words)["unchanged"] == 1


def test_platforms_may_have_an_index_of_their_own_and_a_state_spares_reading_it(
    source: RunningRegistry, target: RunningRegistry, tmp_path: Path
) -> None:
    put_index(source.address, "some", "linux/amd64", "linux/arm64", "linux/s390x")
    with front(source.address, lambda _: None) as here:
        words = [f"{here.url}/some:1", f"{target.address}/some", "--platform", "linux/arm64,linux/amd64", "--filter"]
        words += ["--state", str(tmp_path / "state")]
        assert report(*words)["copied"] == 1
        with Client() as client:
            index = client.manifest(f"{target.address}/some:1")
        assert index.media_type == OCI_INDEX
        before = len(here.requests)
        assert report(*words)["unchanged"] == 1
        assert [one.method for one in here.requests[before:] if "/manifests/" in one.target] == ["HEAD"]


def test_what_refers_to_an_image_comes_with_it_and_after_it(source: RunningRegistry, target: RunningRegistry) -> None:
    image = Image.of([b"signed"])
    digest = put_image(source.address, "signed", "1", image)
    words = (f"{source.address}/signed:1", f"{target.address}/signed", "--referrers")
    assert report(*words)["copied"] == 1
    assert report(*words)["unchanged"] == 1
    signature = put_signature(source.address, "signed", digest, len(image.manifest))
    cosigned = put_signature(source.address, "signed", digest, len(image.manifest), f"sha256-{digest.hex}.sig")
    assert report(*words)["copied"] == 1
    assert report(*words, "--prune")["untagged"] == 0
    with Client() as client:
        assert client.digest(f"{target.address}/signed@{signature}") == signature
        assert client.digest(f"{target.address}/signed:sha256-{digest.hex}.sig") == cosigned
    assert report(*words)["unchanged"] == 1


def test_dates_and_versions_and_patterns_hold_together(source: RunningRegistry, target: RunningRegistry) -> None:
    for tag, created in (("1.0", "2020-01-01"), ("1.1", "2024-06-01"), ("2.0", "2024-07-01"), ("1.2", "2025-02-01")):
        put_dated(source.address, "dated", tag, f"{created}T00:00:00Z")
    put_dated(source.address, "dated", "1.3", "")
    words = (f"{source.address}/dated", f"{target.address}/dated", "--semver", "<2", "--since", "2024-01-01")
    assert report(*words, "--before", "2025-01-01")["copied"] == 1
    assert boxship("ls", f"{target.address}/dated").output.split() == ["1.1"]
    assert report(*words, "--deny", ".*1")["copied"] == 1
    assert boxship("ls", f"{target.address}/dated").output.split() == ["1.1", "1.2"]


def test_what_had_the_name_before_is_kept_under_another(source: RunningRegistry, target: RunningRegistry) -> None:
    words = (f"{source.address}/kept:1", f"{target.address}/kept", "--backup", "{tag}-before")
    old = put_image(source.address, "kept", "1")
    assert report(*words)["copied"] == 1
    new = put_image(source.address, "kept", "1")
    assert report(*words)["copied"] == 1
    with Client() as client:
        assert client.digest(f"{target.address}/kept:1") == new
        assert client.digest(f"{target.address}/kept:1-before") == old


def test_two_sources_are_no_single_target(source: RunningRegistry, target: RunningRegistry) -> None:
    for name in ("two/app", "three/app"):
        put_image(source.address, name, "1")
    words = ("sync", source.address, f"{target.address}/{{name}}", "--repo-allow", "t.*/app")
    done = boxship(*words)
    assert (done.status, "would both be it" in done.errors) == (2, True)
    assert boxship("catalog", target.address).output == ""


def test_repositories_that_left_the_source_leave_a_true_mirror(target: RunningRegistry) -> None:
    with registry() as source:
        put_image(source.address, "here", "1")
        put_image(target.address, "m/here", "1")
        put_image(target.address, "m/left", "1")
        put_image(target.address, "other", "1")
        words = (source.address, f"{target.address}/m/{{repository}}", "--prune")
        dry = boxship("sync", *words, "--dry-run").output.splitlines()
        assert [line.split()[:2] for line in dry][1:] == [["untag", f"{target.address}/m/left:1"]]
        assert report(*words)["untagged"] == 1
    assert boxship("ls", f"{target.address}/m/left").output == ""
    assert boxship("ls", f"{target.address}/other").output == "1\n"


def test_after_a_failure_nothing_is_begun_unless_it_keeps_going(
    source: RunningRegistry, target: RunningRegistry
) -> None:
    for number in range(12):
        put_image(source.address, "failing", f"v{number:02}")
    refused = Answer(400, b"", headers=[("Content-Length", "0")])

    def broken(request: Request) -> Answer | None:
        return refused if request.method == "PUT" and request.target.endswith("/v00") else None

    with front(target.address, broken) as there:
        words = (f"{source.address}/failing", f"{there.url}/failing", "-j", "1", "-o", "json")
        done = boxship("sync", *words)
        assert (done.status, json.loads(done.output)["failed"]) == (1, 1)
        assert json.loads(done.output)["copied"] < 11
        done = boxship("sync", *words, "--keep-going")
        assert (done.status, json.loads(done.output)["failed"]) == (1, 1)
    assert len(boxship("ls", f"{target.address}/failing").output.split()) == 11


def test_a_run_that_is_killed_goes_on(source: RunningRegistry, target: RunningRegistry) -> None:
    for number in range(8):
        put_image(source.address, "resumed", f"v{number}")
    named = threading.Event()

    def second_is_named(request: Request) -> Answer | None:
        done = [one for one in there.requests if one.method == "PUT" and "/manifests/v" in one.target]
        if len(done) > 2:
            named.set()
        return None

    with front(target.address, second_is_named) as there:
        words = (f"{source.address}/resumed", f"{there.url}/resumed", "-j", "1")
        with begin("sync", *words) as process:
            assert named.wait(PATIENCE)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        before = len(boxship("ls", f"{target.address}/resumed").output.split())
        again = report(*words)
    assert 0 < before < 8
    assert (again["unchanged"], again["copied"]) == (before, 8 - before)


def test_ctrl_c_ends_it_at_once(source: RunningRegistry, target: RunningRegistry) -> None:
    put_image(source.address, "stuck", "1")
    asked, over = threading.Event(), threading.Event()

    def never(request: Request) -> Answer | None:
        if request.method in ("POST", "PUT"):
            asked.set()
            over.wait(PATIENCE)
        return None

    with front(target.address, never) as there:
        with begin("sync", f"{source.address}/stuck:1", f"{there.url}/stuck") as process:
            assert asked.wait(PATIENCE)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE / 2)
        over.set()
        assert process.returncode == 130


def test_a_host_is_asked_as_often_as_the_file_says(
    source: RunningRegistry, target: RunningRegistry, tmp_path: Path
) -> None:
    for number in range(6):
        put_image(source.address, "paced", f"v{number}")
    with front(source.address, lambda _: None) as here:
        file = tmp_path / "mirror.yaml"
        entry = f"{{source: {here.address}/paced, target: {target.address}/paced}}"
        file.write_text(f"{{hosts: {{'{here.address}': {{requests-per-second: 8}}}}, sync: [{entry}]}}")
        numbers = report(str(file))
        assert numbers["copied"] == 6
        # The tags, a HEAD and a manifest for each, and three blobs each: 31 requests in 30 turns.
        assert numbers["seconds"] > (len(here.requests) - 4) / 8
        assert len(here.requests) >= 31


def test_a_source_that_has_few_requests_left_is_waited_for(
    target: RunningRegistry, source: RunningRegistry, tmp_path: Path
) -> None:
    put_image(source.address, "limited", "1")
    left = iter((5, 5, 200))

    def limited(request: Request) -> Answer | None:
        if request.target != "/v2/":
            return None
        headers = [("RateLimit-Limit", "200;w=3600"), ("RateLimit-Remaining", f"{next(left, 200)};w=3600")]
        return Answer(200, b"{}", headers=[*headers, ("Content-Length", "2")])

    from boxship.reference import Reference
    from boxship.sync.clients import Clients
    from boxship.sync.planning import Pair, plan
    from boxship.sync.state import State
    from boxship.sync.tasks import Reading
    from boxship.sync.wish import Template, Waiting, Wish

    with front(source.address, limited) as here, Clients(lambda _: Client(memory=None), {}) as clients:
        image = Reference.parse(f"http://{here.address}/limited:1")
        wish = Wish(source=image, target=Template(f"{target.address}/x"), waiting=Waiting(100, 0.05))
        (step,) = plan([Pair(image, wish.target.target(image), wish)], clients, State())
        assert not isinstance(step, Exception)
        assert len(Reading(step).run(clients).blobs) == 3  # type: ignore[arg-type] # it is a step
        asked = [one.target for one in here.requests]
        manifest = next(place for place, path in enumerate(asked) if "@" in path or "manifests/sha256" in path)
        assert asked[:manifest].count("/v2/") >= 3
