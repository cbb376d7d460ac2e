from __future__ import annotations

from boxship.digest import Digest
from boxship.wire import routes

DIGEST = Digest.of(b"")


def test_paths_are_those_of_the_specification() -> None:
    assert [
        routes.BASE,
        routes.CATALOG,
        routes.tags("a/b"),
        routes.manifest("a/b", "v1"),
        routes.manifest("a/b", str(DIGEST)),
        routes.blob("a/b", DIGEST),
        routes.uploads("a/b"),
        routes.upload("a/b", "x/../y"),
        routes.referrers("a/b", DIGEST),
    ] == [
        "/v2/",
        "/v2/_catalog",
        "/v2/a/b/tags/list",
        "/v2/a/b/manifests/v1",
        f"/v2/a/b/manifests/{DIGEST}",
        f"/v2/a/b/blobs/{DIGEST}",
        "/v2/a/b/blobs/uploads/",
        "/v2/a/b/blobs/uploads/x%2F..%2Fy",
        f"/v2/a/b/referrers/{DIGEST}",
    ]


def test_a_query_has_what_is_given_and_escapes_it() -> None:
    assert routes.with_query("/x", n=5, last="a b&c", none=None) == "/x?n=5&last=a+b%26c"
    assert routes.with_query("/x", n=0, last="") == "/x?n=0&last="
    assert routes.with_query("/x", n=None) == "/x"
