"""A registry with its page, and images of which it is known what they have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from boxship import Client
from boxship.image.changes import Changes
from boxship.testing import put_image
from tests.formats.stores import file, folder, symlink, tar_of
from tests.ui.serving import Served, own_page

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page of a registry with `team/app`, `lib/base`, and an index with what refers to it."""
    with own_page(tmp_path_factory.mktemp("page"), "--allow-delete") as served:
        fill(served.address)
        yield served


def fill(address: str) -> None:
    base = tar_of([folder("usr/bin"), file("usr/bin/sh", b"shell"), symlink("bin", "usr/bin"), file("old", b"1")])
    one = tar_of([file("app", b"one"), file(".wh.old", b""), file(HOSTILE, b"2")])
    other = tar_of([file("app", b"other")])
    put_image(address, "lib/base", "1", layers=[base])
    for tag, top in (("1.2", one), ("1.10", other), ("same", other)):
        put_image(address, "team/app", tag, layers=[base, top])
    with Client() as client:
        image = f"{address}/team/app:1.2"
        client.make_index([image], f"{address}/team/app:multi")
        client.mutate(image, f"{address}/team/app:labelled", changes=Changes(labels={"words": HOSTILE}))
        client.attach(image, artifact_type="text/x-notes", annotations={"words": HOSTILE})
