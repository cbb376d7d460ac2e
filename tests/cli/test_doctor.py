"""`boxship doctor`, as somebody at a terminal, a program and a ticket get it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from boxship.doctor.ids import IDS, layer_of
from boxship.testing import Place, ScriptedRegistry, black_hole, refused, serving
from tests.cli.running import boxship
from tests.cli.terminal import watch

GOOD = ScriptedRegistry()


@pytest.fixture
def refusing() -> Iterator[Place]:
    with refused() as place:
        yield place


def test_the_timeline_stands_after_the_checks_as_wide_as_the_terminal() -> None:
    with serving(GOOD) as server:
        outcome = boxship("doctor", f"{server.address}/app:v1", env={"COLUMNS": "70", "PYTHONIOENCODING": "ascii"})
    checks, legend, hops = outcome.output.partition("\nc TCP ")
    assert "  ok  content.blob" in checks
    assert legend
    asked = [line for line in hops.splitlines() if line.startswith("registry GET /v2/a")]
    assert len(asked) >= 2  # a manifest and a blob
    assert any("=" in line for line in hops.splitlines())
    assert max(map(len, hops.splitlines())) <= 70


@pytest.mark.parametrize(("variable", "coloured"), [("FORCE_COLOR", True), ("NO_COLOR", False)])
def test_colours_are_as_the_environment_says(refusing: Place, variable: str, coloured: bool) -> None:  # noqa: FBT001 -- a row
    outcome = boxship("doctor", f"{refusing.address}/app", env={variable: "1"})
    assert ("\x1b[31mFAIL\x1b[0m" in outcome.output) is coloured
    assert outcome.status == 8


def test_the_page_is_written_whatever_the_encoding(refusing: Place) -> None:
    outcome = boxship("doctor", "-o", "html", f"{refusing.address}/app", env={"PYTHONIOENCODING": "ascii"})
    assert outcome.status == 8
    assert outcome.output.startswith("<!doctype html>")
    assert outcome.output.rstrip().endswith("</html>")
    assert f"<h1>{refusing.address}/app</h1>" in outcome.output
    assert "refuses connections" in outcome.output


def test_no_password_is_on_the_page(refusing: Place) -> None:
    words = ("--username", "ana", "--password", "geheim-und-lang")
    for form in ("html", "json", "text"):
        outcome = boxship("doctor", "-o", form, *words, f"{refusing.address}/app")
        assert "geheim-und-lang" not in outcome.output + outcome.errors


def test_somebody_at_a_terminal_is_told_what_is_being_looked_at() -> None:
    with black_hole() as hole:
        watched = watch("doctor", f"{hole.address}/app")
    assert re.search(rf"looking at TLS {hole.address}, [1-4] s; ", watched.written)
    assert not any("looking at" in line for line in watched.seen)  # gone again
    assert watched.status == 8


def test_the_checks_are_listed_without_a_reference() -> None:
    outcome = boxship("doctor", "--list")
    assert outcome.status == 0
    assert [line.split()[0] for line in outcome.output.splitlines()] == list(IDS)


def test_only_the_layers_that_are_named_are_shown_and_decide(refusing: Place) -> None:
    outcome = boxship("doctor", "-o", "json", "--only", "reference,settings", f"{refusing.address}/app")
    report = json.loads(outcome.output)
    assert {layer_of(check["id"]) for check in report["checks"]} == {"reference", "settings"}
    assert (outcome.status, report["healthy"]) == (0, True)
    assert "refuses connections" in report["verdict"]
    assert boxship("doctor", "--only", "tcp", f"{refusing.address}/app").status == 8


@pytest.mark.parametrize("flag", ["--ca-file", "--cert", "--header=@", "--from-secret"])
def test_a_file_that_an_option_names_in_vain_is_a_finding(refusing: Place, flag: str) -> None:
    words = (f"{flag}/no/such/file",) if "=" in flag else (flag, "/no/such/file")
    outcome = boxship("doctor", "-o", "json", *words, f"{refusing.address}/app")
    assert (outcome.status, outcome.errors) == (8, "")
    report = json.loads(outcome.output)
    (found,) = [check for check in report["checks"] if check["status"] == "error"]
    assert (found["id"] in ("settings", "secret"), "/no/such/file" in found["words"]) == (True, True)
    assert report["verdict"].startswith("This machine's settings are wrong")


def test_a_layer_that_is_none_is_an_error_of_usage(refusing: Place) -> None:
    outcome = boxship("doctor", "--only", "tcp,tea", f"{refusing.address}/app")
    assert outcome.status == 2
    assert "'tea' is none of reference, settings" in outcome.errors


def test_what_is_not_well_says_where_to_read_on(refusing: Place) -> None:
    outcome = boxship("doctor", f"{refusing.address}/app")
    assert "        see: docs/doctor.md#tcp\n" in outcome.output
    assert "#reference" not in outcome.output


def test_what_a_firewall_must_open_is_one_place_a_line_or_why_there_is_none(refusing: Place) -> None:
    outcome = boxship("doctor", "--endpoints", f"{refusing.address}/app")
    assert (outcome.status, outcome.output, outcome.errors) == (8, f"{refusing.address}\n", "")
    outcome = boxship("doctor", "--endpoints", "reg.test/no reference")
    assert (outcome.status, outcome.output) == (8, "")
    assert outcome.errors.startswith("boxship: This is no reference: ")
