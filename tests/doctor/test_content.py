"""What a pull begins with, one registry for each way that it can go wrong, and the hosts that blobs are at."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace

from boxship.doctor import Status, examine
from boxship.testing import (
    Answer,
    Image,
    Request,
    ScriptedRegistry,
    failure,
    instead,
    redirect_to,
    serving,
    wrong_digest,
)
from tests.doctor.looking import check, ids, red, report_of, stored_at

EXPIRED = Answer(403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")


def test_all_that_a_pull_begins_with_is_looked_at(stack: ExitStack) -> None:
    registry = ScriptedRegistry()
    report = report_of(stack, registry)
    manifest = check(report, "content.manifest").words
    assert str(registry.image.digest) in manifest
    assert f"{len(registry.image.manifest)} bytes" in manifest
    assert f"all its {len(registry.image.config)} bytes" in check(report, "content.config").words
    assert check(report, "content.blob").evidence == ("it sends a part where one is asked for",)
    assert check(report, "content.tags").words == "latest, v1, v2"
    assert "content.redirect" not in ids(report, "content")


def test_only_the_beginning_of_a_blob_is_asked_for(stack: ExitStack) -> None:
    server = stack.enter_context(serving(ScriptedRegistry()))
    examine(f"{server.address}/app:v1")
    ranges = {request.headers.get("range") for request in server.requests if "/blobs/" in request.path}
    assert ranges == {"bytes=0-8191", None}  # the configuration is small, and read whole


def _without_ranges(request: Request) -> Request:
    return replace(request, headers={name: value for name, value in request.headers.items() if name != "range"})


def test_a_store_that_sends_only_the_whole_is_told(stack: ExitStack) -> None:
    registry = ScriptedRegistry()
    report = report_of(stack, lambda request: registry(_without_ranges(request)))
    assert report.healthy
    assert "only sends the whole" in check(report, "content.blob").evidence[0]


def test_a_configuration_that_is_damaged_is_named(stack: ExitStack) -> None:
    report = report_of(stack, wrong_digest(ScriptedRegistry(), "/blobs/"))
    assert red(report) == {"content.config"}
    assert "expected sha256:" in check(report, "content.config").words


def test_an_image_for_another_machine_is_a_warning(stack: ExitStack) -> None:
    report = report_of(stack, ScriptedRegistry(image=Image.of([b"layer"], platform="linux/s390x-of-nobody")))
    assert report.healthy
    platform = check(report, "content.platform")
    assert platform.status is Status.WARNING
    assert "only linux/s390x-of-nobody" in platform.words


def test_who_lists_no_tags_and_gives_the_image_is_well(stack: ExitStack) -> None:
    report = report_of(stack, instead(ScriptedRegistry(), "/tags/", failure(403, "DENIED", "no lists")))
    assert (report.healthy, check(report, "content.tags").status) == (True, Status.WARNING)
    assert "DENIED: no lists" in check(report, "content.tags").words


def test_the_tags_that_there_are_are_told_where_one_is_not(stack: ExitStack) -> None:
    report = report_of(stack, instead(ScriptedRegistry(), "/manifests/", failure(404, "MANIFEST_UNKNOWN")))
    assert red(report) == {"content.manifest"}
    assert check(report, "content.tags").words == "latest, v1, v2"
    assert check(report, "content.config").words == check(report, "content.blob").words == "needs a manifest"


def test_a_store_that_works_is_named(stack: ExitStack) -> None:
    registry = ScriptedRegistry()
    store = stack.enter_context(serving(registry))
    report = report_of(stack, instead(registry, "/blobs/", lambda r: redirect_to(f"{store.url}{r.target}?s=hunter2")))
    assert report.healthy
    redirect = check(report, "content.redirect")
    assert (redirect.status, redirect.at) == (Status.OK, store.url)
    assert f"came from {store.url}" in check(report, "content.blob").words
    assert store.address in report.endpoints
    assert "hunter2" not in json.dumps(report.document())


def test_a_store_that_refuses_says_why_in_its_own_words(stack: ExitStack) -> None:
    store = stack.enter_context(serving(EXPIRED))
    report = report_of(stack, stored_at(store.url))
    assert red(report) == {"content.blob", "content.config"}
    assert check(report, "content.redirect").status is Status.OK
    assert "AccessDenied: Request has expired" in check(report, "content.blob").words
    assert "may have expired" in check(report, "content.blob").remedy
    assert "hunter2" not in json.dumps(report.document())


def test_a_redirect_that_is_not_followed_is_red_once_and_not_dialled(stack: ExitStack) -> None:
    report = report_of(stack, stored_at("http://169.254.169.254"))
    assert red(report) == {"content.redirect"}
    assert "link-local or metadata" in check(report, "content.redirect").words
    assert "is not followed" in check(report, "content.blob").words
    assert not any("169.254" in endpoint for endpoint in report.endpoints)
