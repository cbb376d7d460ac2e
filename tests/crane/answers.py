"""What a program answers to a row: what it prints, whether it fails, and what stands in the registry afterwards."""

from __future__ import annotations

__all__ = ["RECORDED", "answer", "name_of", "recorded"]

import json
import re
from collections.abc import Mapping
from pathlib import Path

from boxship import Client
from boxship.errors import NotFound
from tests.crane.rows import Row
from tests.crane.stage import Stage

RECORDED = Path(__file__).with_name("recorded.json")

Answer = Mapping[str, object]


def recorded() -> Mapping[str, Answer]:
    """crane's answers, by the rows' names."""
    read: Mapping[str, Answer] = json.loads(RECORDED.read_text())
    return read


def name_of(row: str) -> str:
    """The row's folder and repository."""
    return re.sub("[^a-z0-9]+", "-", row.lower()).strip("-")


def answer(stage: Stage, name: str, row: Row) -> Answer:
    """What the stage's program answers."""
    part = stage.part(name_of(name))
    done = [part.run(line) for line in row.lines]
    with Client() as client:
        digests = {one: _digest(client, part.fill(one)) for one in row.digests}
        configs = {one: _config(client, part.fill(one)) for one in row.configs}
    return {
        "lines": [{"printed": _printed(one.output, row), "fails": one.status != 0} for one in done],
        "digests": digests,
        "configs": configs,
    }


def _printed(text: str, row: Row) -> str:
    return text if row.exact else re.sub("sha256:[0-9a-f]{64}", "sha256:…", text)


def _config(client: Client, reference: str) -> Mapping[str, object]:
    """What it says; of its steps, how many there are, as each program tells its own in its way."""
    config = json.loads(client.config(reference).raw)
    return {**config, "history": len(config["history"])}


def _digest(client: Client, reference: str) -> str:
    try:
        return str(client.digest(reference))
    except NotFound:
        return ""
