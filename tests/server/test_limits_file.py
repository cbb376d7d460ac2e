"""Limits in a file: they stand for the options, and change while the registry serves."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.server.limits import parse_limits
from boxship.server.registry import Settings
from tests.server.content import digest, image, push_image
from tests.server.driver import Driver
from tests.server.running import ask, forked

OCI = {"content-type": "application/vnd.oci.image.manifest.v1+json"}


def test_what_the_file_says_stands_for_the_options() -> None:
    text = """
        rate = 2.5
        in-flight = 3
        largest-blob = "5MiB"
        reserve = 0
        quota = ["500GB", "team/**=50GB"]
        quota-tags = ["7"]
        quota-repositories = ["8"]
        immutable = ["v*"]
        read-only = true
    """
    settings = Settings(rate=1, page_size=3, immutable=("x",))
    found = parse_limits(text, "limits.toml", settings=settings)
    assert found == Settings(
        rate=2.5,
        in_flight=3,
        largest_blob=5 * 1024**2,
        reserve=0,
        quota_bytes=("500GB", "team/**=50GB"),
        quota_tags=("7",),
        quota_repositories=("8",),
        immutable=("v*",),
        read_only=True,
        page_size=3,
    )
    assert parse_limits("", "limits.toml", settings=settings) == settings


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rates = 1", "'rates' is none of"),
        ("rate = -1", "rate should be an amount"),
        ("rate = nan", "rate should be an amount"),
        ("rate = true", "rate should be an amount"),
        ("in-flight = 1.5", "whole number"),
        ('largest-blob = "much"', "should be a size"),
        ("reserve = -1", "whole number"),
        ('quota = "50GB"', "list of strings"),
        ("quota = [50]", "list of strings"),
        ('quota = ["much"]', "--quota much"),
        ('quota-tags = ["1GB"]', "--quota-tags"),
        ('immutable = ["a/b"]', "--immutable"),
        ("read-only = 1", "true or false"),
        ("rate = ", "Invalid value"),
        ('htpasswd = "users"', "'htpasswd' is none of"),
    ],
)
def test_what_is_none_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_limits(text, "limits.toml", settings=Settings())
    assert why in str(caught.value)


def wait(registry: Driver, is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        registry.run(asyncio.sleep(0.1))


def upload(registry: Driver, content: bytes = b"") -> int:
    """The answer to this, or to some bytes that were never sent before: who has a blob gets it again."""
    content = content or os.urandom(20)
    return registry("POST", f"/v2/app/blobs/uploads/?digest={digest(content)}", content).status


def test_a_registry_goes_by_each_as_soon_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text('quota = ["1GB"]\n')
    with Driver(tmp_path / "registry", settings=Settings(limits=str(file), allow_delete=True)) as registry:
        registry.client = "10.0.0.1"
        push_image(registry, "app", "v1")

        def put(tag: str, layer: bytes) -> int:
            return registry("PUT", f"/v2/app/manifests/{tag}", image(layer), OCI).status

        assert upload(registry, b"other") == 201

        file.write_text('quota = ["app=10"]\n')
        wait(registry, lambda: upload(registry) == 403)
        file.write_text("largest-blob = 5\n")
        wait(registry, lambda: upload(registry) == 413)
        assert upload(registry, b"short") == 201
        file.write_text('immutable = ["v*"]\n')
        layers = cycle((b"other", b"layer"))  # what a tag names already is no move
        wait(registry, lambda: put("v1", next(layers)) == 403)
        assert put("latest", b"other") == 201
        file.write_text("read-only = true\n")
        wait(registry, lambda: upload(registry) == 405)
        assert registry("GET", "/v2/app/manifests/v1").status == 200
        file.write_text("reserve = 999999999999999\n")
        wait(registry, lambda: upload(registry) == 507)
        file.write_text("rate = 0.001\n")
        wait(registry, lambda: registry("GET", "/v2/").status == 429)
        file.write_text("rate = oops\n")
        registry.run(asyncio.sleep(1.5))
        assert registry("GET", "/v2/").status == 429  # what it said before counts on
        file.write_text("\n")
        wait(registry, lambda: registry("GET", "/v2/").status == 200)
        assert upload(registry, b"as without a file") == 201


def test_every_process_that_serves_goes_by_it(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text("")
    with forked(tmp_path / "registry", "--limits", str(file), "--workers", "2") as (_, address):
        target = f"/v2/app/blobs/uploads/?digest={digest(b'x')}"
        assert ask(address, "POST", target, b"x")[0] == 201
        file.write_text("read-only = true\n")
        until = time.monotonic() + 20
        while {ask(address, "POST", target, b"x")[0] for _ in range(16)} != {405}:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_file_that_is_wrong_when_it_starts_is_told(tmp_path: Path) -> None:
    from tests.cli.running import boxship

    (tmp_path / "limits.toml").write_text("rates = 1\n")
    for flag in ("--limits", "--retention", "--grants"):
        done = boxship("registry", "serve", "--address", "127.0.0.1:0", flag, str(tmp_path / "limits.toml"))
        assert done.status == 2
        assert "'rates'" in done.errors
