"""Every bound has a flag, and the error that names the bound names it."""

from __future__ import annotations

import argparse
from dataclasses import fields

import pytest

from boxship.cli.bounds import TABLE, add_bounds, bounds
from boxship.connect.deadline import Bounds
from boxship.seconds import told_by
from boxship.testing import NEVER, serving
from tests.cli.running import boxship, three_parts

DEFAULTS = Bounds()


def told(*words: str) -> Bounds:
    parser = argparse.ArgumentParser()
    add_bounds(parser)
    return bounds(parser.parse_args(words))


def test_every_bound_has_a_flag() -> None:
    assert {field for row in TABLE.values() for field in row} == {field.name for field in fields(Bounds)}


def test_without_flags_the_bounds_are_the_defaults() -> None:
    assert told() == DEFAULTS
    assert {told_by(getattr(told(), field.name)) for field in fields(Bounds)} == {""}


@pytest.mark.parametrize("flag", TABLE)
def test_a_flag_sets_its_bound_and_is_remembered(flag: str) -> None:
    bound = getattr(told(flag, "2.5"), next(iter(TABLE[flag])))
    assert (bound, told_by(bound)) == (2.5, f"flag {flag}")


@pytest.mark.parametrize("flag", TABLE)
def test_a_flag_changes_no_bound_of_others(flag: str) -> None:
    changed = told(flag, "0.5")
    others = {field.name for field in fields(Bounds)} - TABLE[flag].keys()
    assert {name for name in others if getattr(changed, name) != getattr(DEFAULTS, name)} == set()


def test_what_would_be_in_the_way_of_a_told_bound_moves_with_it() -> None:
    long = told("--connect-timeout", "50", "--document-timeout", "120s")
    assert (long.connect_all, long.document_all) == (80.0, 360.0)
    short = told("--tls-timeout", "2", "--first-byte-timeout", "3")
    patient = told("--first-byte-timeout", "300")
    assert patient.document_all - patient.first_byte == DEFAULTS.document_all - DEFAULTS.first_byte
    assert (short.tls_first_byte, short.question, short.first_byte_slow) == (2.0, 3.0, 3.0)


def test_a_bound_that_only_kept_its_default_has_no_source() -> None:
    assert told_by(told("--first-byte-timeout", "20").question) == ""


def test_an_error_says_which_flag_set_its_bound() -> None:
    with serving(NEVER) as server:
        outcome = boxship("ls", "--first-byte-timeout", "0.3", f"{server.url}/app")
    assert outcome.status == 5
    assert three_parts(outcome)[1] == "no progress within 0.3 s (first byte; flag --first-byte-timeout)"
