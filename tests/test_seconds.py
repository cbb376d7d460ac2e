from __future__ import annotations

import pickle

from boxship.errors import TimedOut
from boxship.seconds import Seconds, spoken, told_by


def test_told_seconds_count_as_the_number() -> None:
    told = Seconds(2.5, "flag --tls-timeout")
    assert told == 2.5
    assert told + 1 == 3.5


def test_told_seconds_say_who_told_them() -> None:
    assert spoken(Seconds(2.5, "flag --tls-timeout")) == "2.5 s (flag --tls-timeout)"
    assert spoken(12.0) == "12 s"


def test_the_source_survives_a_comparison_and_another_process() -> None:
    told = Seconds(2.0, "flag --tls-timeout")
    assert told_by(min(told, 10.0)) == told_by(pickle.loads(pickle.dumps(told))) == "flag --tls-timeout"


def test_an_error_names_its_bound_and_who_set_it() -> None:
    told, usual = (TimedOut("no answer", phase="head", seconds=s) for s in (Seconds(2, "flag --x"), 2.0))
    assert told.why == "no progress within 2 s (head; flag --x)"
    assert usual.why == "no progress within 2 s (head)"
