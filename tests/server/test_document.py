"""Documents that are taken, and the ambiguous, broken and hostile ones that are not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship import media_type
from boxship.server.document import Document, Rejected, judge
from tests.server.content import descriptor, image, index

CONFIG = json.dumps(descriptor(b"{}"))
HEAD = f'"schemaVersion":2,"mediaType":"{media_type.OCI_MANIFEST}","config":{CONFIG},"layers":[]'

REJECTED = {
    "empty": b"",
    "broken": b"{",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "not UTF-8": b'{"a":"\xff"}',
    "UTF-16": image().decode().encode("utf-16"),
    "UTF-16 without a mark": image().decode().encode("utf-16-le"),
    "UTF-8 with a mark": b"\xef\xbb\xbf" + image(),
    "a name twice": f'{{{HEAD},"layers":[]}}'.encode(),
    "a name twice, deep": f'{{{HEAD},"x":{{"y":1,"y":2}}}}'.encode(),
    "NaN": f'{{{HEAD},"x":[NaN]}}'.encode(),
    "infinity": f'{{{HEAD},"x":-Infinity}}'.encode(),
    "a number of 5000 digits": f'{{{HEAD},"x":{"1" * 5000}}}'.encode(),
    "deep": f'{{{HEAD},"x":{"[" * 40}{"]" * 40}}}'.encode(),
    "very deep": b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "trailing": image() + b"{}",
    "no config": b'{"schemaVersion":2,"layers":[]}',
    "schema 1": image(schemaVersion=1),
    "no schema": image(schemaVersion=None),
    "another type": image(mediaType=media_type.DOCKER_MANIFEST),
    "also an index (CVE-2021-41190)": image(manifests=[]),
    "also an index, null": image(manifests=None),
    "negative size": image(layers=[{**descriptor(b"x"), "size": -1}]),
    "size of true": image(layers=[{**descriptor(b"x"), "size": True}]),
    "no size": image(layers=[{"digest": descriptor(b"x")["digest"]}]),
    "a path for a digest": image(layers=[{**descriptor(b"x"), "digest": "sha256:../../x"}]),
    "an unknown algorithm": image(layers=[{**descriptor(b"x"), "digest": "md5:" + "0" * 32}]),
    "a layer that is none": image(layers=["x"]),
    "layers that are none": image(layers={}),
    "4097 references": image(layers=[descriptor(b"x")] * 4097),
}


@pytest.mark.parametrize("raw", REJECTED.values(), ids=REJECTED)
def test_a_bad_manifest_is_rejected(raw: bytes) -> None:
    with pytest.raises(Rejected):
        judge(raw, media_type.OCI_MANIFEST)


@pytest.mark.parametrize("extra", [{"config": descriptor(b"{}")}, {"layers": []}, {"layers": None}])
def test_an_index_that_is_also_a_manifest_is_rejected(extra: dict[str, object]) -> None:
    with pytest.raises(Rejected):
        judge(index(**extra), media_type.OCI_INDEX)


@pytest.mark.parametrize(
    "kind", ["", "application/json", "application/vnd.docker.distribution.manifest.v1+prettyjws", "text/html; x"]
)
def test_an_unknown_type_is_rejected(kind: str) -> None:
    with pytest.raises(Rejected):
        judge(image(), kind)


def test_dockers_types_must_say_so_themselves() -> None:
    with pytest.raises(Rejected):
        judge(image(mediaType=None), media_type.DOCKER_MANIFEST)
    assert judge(image(mediaType=media_type.DOCKER_MANIFEST), media_type.DOCKER_MANIFEST).blobs


def test_a_type_may_have_parameters_and_capitals() -> None:
    kind = media_type.OCI_MANIFEST
    assert judge(image(), f"{kind.upper()}; charset=utf-8").media_type == kind


def test_what_a_manifest_needs_is_told_apart_from_what_is_elsewhere() -> None:
    foreign = descriptor(b"far", urls=["https://far.test/"])
    document = judge(image(layers=[descriptor(b"near"), foreign]), media_type.OCI_MANIFEST)
    assert [str(blob.digest) for blob in document.blobs] == [descriptor(b"{}")["digest"], descriptor(b"near")["digest"]]
    assert [str(layer.digest) for layer in document.foreign] == [foreign["digest"]]
    assert document.children == ()


def test_unknown_fields_are_kept() -> None:
    raw = image(data={"nested": [1, 2.5, None, True, "é"]})
    assert judge(raw, media_type.OCI_MANIFEST).raw == raw


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_judged_without_another_error(raw: bytes) -> None:
    for kind in (media_type.OCI_MANIFEST, media_type.OCI_INDEX):
        try:
            assert isinstance(judge(raw, kind), Document)
        except Rejected:
            continue
