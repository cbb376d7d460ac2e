"""Whatever a user writes and whatever a server answers, the doctor finds it wrong, or well, and raises nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxship.doctor import Report, Status, examine
from boxship.errors import InvalidReference
from boxship.explain.place import written
from boxship.testing import Answer, ScriptedRegistry, instead, serving
from tests.doctor.looking import WHOLE

# A server starts for each example, and a bad answer may be asked for twice.
_FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_MANIFEST = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("schemaVersion", "mediaType", "config", "layers", "manifests", "annotations"), _JSON),
)
_HEADER = st.sampled_from(["WWW-Authenticate", "Location", "Date", "Content-Type", "Docker-Content-Digest", "Link"])
_VALUE = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=40)


def is_whole(report: Report) -> bool:
    """Whether it can be written, says something everywhere, and took no longer than it may."""
    json.dumps(report.document())
    return bool(report.verdict) and all(check.words for check in report.checks) and report.seconds < WHOLE


@given(st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_what_is_no_reference_and_no_registry_is_a_finding(text: str) -> None:
    try:
        written(text)
    except InvalidReference:
        report = examine(text)
        assert [check.status for check in report.checks] == [Status.ERROR]
        assert is_whole(report)


@given(st.binary(max_size=200))
@_FEW
def test_any_bytes_for_an_answer_are_a_finding(answer: bytes) -> None:
    with serving(Answer(raw=answer, truncate_after=0)) as server:
        report = examine(f"{server.address}/app")
    assert is_whole(report)
    assert not report.healthy


@given(_MANIFEST)
@_FEW
def test_any_json_for_a_manifest_is_a_finding(manifest: dict[str, object]) -> None:
    answer = Answer(200, json.dumps(manifest).encode(), headers={"Content-Type": "application/json"})
    with serving(instead(ScriptedRegistry(), "/manifests/", answer)) as server:
        report = examine(f"{server.address}/app")
    assert is_whole(report)
    # A list of manifests may be an index of none.
    assert "manifests" in manifest or any(
        check.id == "content.manifest" and check.status is Status.ERROR for check in report.checks
    )


@pytest.mark.parametrize("status", [200, 301, 401, 403, 404])
@given(st.dictionaries(_HEADER, _VALUE, max_size=3))
@settings(_FEW, max_examples=6)
def test_any_header_of_an_answer_is_read(status: int, headers: dict[str, str]) -> None:
    with serving(Answer(status, b"{}", headers=headers)) as server:
        assert is_whole(examine(f"{server.address}/app"))
