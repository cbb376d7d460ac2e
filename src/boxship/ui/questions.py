"""The table of questions: what answers each, what it takes, and how long it may take."""

from __future__ import annotations

__all__ = ["QUESTIONS", "Question"]

from collections.abc import Callable, Mapping

from boxship.ui import examination, files, images, lists, removal
from boxship.ui.asked import Asked
from boxship.ui.commands import commands
from boxship.value import dataclass

_LONG = 900.0  # seconds: layers are read


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What answers a question: with one object, or (None) with the lines that it tells.

    Attributes:
        method: how it is asked; what is no GET changes something.
        asks: whether anybody is asked for it: who may not ask is refused before.
        rights: whether the answer has to do with what may be done.
        heavy: whether it reads layers.
        seconds: how long it may take.
    """

    run: Callable[[Asked], Mapping[str, object] | None]
    method: str = "GET"
    asks: bool = True
    rights: bool = False
    heavy: bool = False
    seconds: float = 60.0


QUESTIONS: Mapping[str, Question] = {
    "repositories": Question(run=lists.repositories),
    "tags": Question(run=lists.tags),
    "details": Question(run=lists.details),
    "image": Question(run=images.image),
    "manifest": Question(run=images.manifest),
    "config": Question(run=images.config),
    "history": Question(run=images.history),
    "layers": Question(run=images.layers, heavy=True, seconds=_LONG),
    "files": Question(run=files.files, heavy=True, seconds=_LONG),
    "referrers": Question(run=images.referrers),
    "diff": Question(run=images.diff, heavy=True, seconds=_LONG),
    "commands": Question(run=commands, asks=False),
    "may": Question(run=removal.may, rights=True),
    "plan": Question(run=removal.plan, rights=True, seconds=_LONG),
    "apply": Question(run=removal.apply, method="POST", rights=True, seconds=_LONG),
    "doctor": Question(run=examination.doctor, seconds=30.0),
}
