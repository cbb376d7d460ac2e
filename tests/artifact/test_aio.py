"""Artifacts with asyncio: the same words, and what comes of them is the same."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from boxship import AsyncClient, Client
from boxship.errors import InvalidInput, NotFound
from boxship.testing import put_image, registry


def test_what_is_pushed_attached_and_pulled_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("note")
    note = tmp_path / "note"

    async def lifted(at: str) -> list[object]:
        async with AsyncClient() as client:
            pushed = await client.push_artifact(f"{at}:note", [note], artifact_type="a/b", annotations={"c": "d"})
            attached = await client.attach(f"{at}:1", [note], artifact_type="e/f")
            pulled = await client.pull_artifact(f"{at}:note", tmp_path / "lifted")
            found = await client.referrers(f"{at}:1", artifact_types=["e/f"])
            edited = await client.edit_file(f"{at}:1", f"{at}:2", path="a", edit=lambda _: b"1")
            with pytest.raises(InvalidInput):
                await client.attach(f"{at}:1", artifact_type="e/f")
            with pytest.raises(NotFound):
                await client.pull_artifact(f"{at}:none", os.devnull)
            return [pushed.digest, attached.digest, pulled, found, edited.digest]

    with registry() as running, Client() as client:
        at = f"{running.address}/app"
        put_image(running.address, "app", "1")
        by_task = asyncio.run(lifted(at))
        assert by_task == [
            client.push_artifact(f"{at}:note", [note], artifact_type="a/b", annotations={"c": "d"}).digest,
            client.attach(f"{at}:1", [note], artifact_type="e/f").digest,
            client.pull_artifact(f"{at}:note", tmp_path / "plain"),
            client.referrers(f"{at}:1", artifact_types=["e/f"]),
            client.edit_file(f"{at}:1", f"{at}:2", path="a", edit=lambda _: b"1").digest,
        ]
    assert (tmp_path / "lifted/note").read_text() == "note"
