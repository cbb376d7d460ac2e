"""The verdict: what all the checks together mean, in one paragraph, the most telling cause first. Pure."""

from __future__ import annotations

__all__ = ["judge"]

from boxship.doctor import behind, road
from boxship.doctor.case import Case, Judged
from boxship.reference import Reference


def judge(case: Case) -> Judged:
    """The paragraph, and what to write where."""
    for cause in (*road.AT_ALL, *behind.CAUSES, *road.WAYS, *behind.SILENCE):
        if found := cause(case):
            return found
    if case.contents.error:
        return behind.told(case.contents.error), ()
    partly = road.partly(case)
    can = "can be pulled" if isinstance(case.wanted, Reference) else "answers, and can be asked,"
    well = f"{case.wanted} {can} from here"
    return (f"{well}{partly}" if partly else f"All is well: {well}."), ()
