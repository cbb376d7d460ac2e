"""Settings that reach a client: from a file or a flag to what is asked, shown and refused."""

from __future__ import annotations

import os
from pathlib import Path

from boxship import Client
from boxship.event import Event
from boxship.testing import ScriptedRegistry, put_image, registry, serving
from tests.cli.running import boxship, three_parts

GOOD = ScriptedRegistry()


def daemon_json(text: str) -> Path:
    """The file of a rootless daemon, in the test's own home."""
    file = Path(os.environ["XDG_CONFIG_HOME"], "docker", "daemon.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_wrong_daemon_json_is_said_with_its_line_before_anything_is_asked() -> None:
    file = daemon_json('{\n  "insecure-registries": ["a b"]\n}')
    with serving(GOOD) as server:
        outcome = boxship("ls", f"{server.address}/app")
        assert (outcome.status, server.requests) == (2, ())
    what, why, _ = three_parts(outcome)
    assert (what, "insecure-registries" in why) == (f"{file}:2", True)


def test_a_daemon_json_that_is_not_needed_is_not_read() -> None:
    daemon_json("{")
    with registry() as running:
        put_image(running.address, "app", "v1")
        assert boxship("ls", f"http://{running.address}/app").output == "v1\n"
        assert boxship("ls", "--plain-http", f"{running.address}/app").output == "v1\n"


def test_a_daemon_json_that_cannot_be_read_is_warned_of_once() -> None:
    file = Path(os.environ["XDG_CONFIG_HOME"], "docker", "daemon.json")
    file.mkdir(parents=True)
    heard = list[Event]()
    with serving(GOOD) as server, Client(on_event=heard.append) as client:
        for _ in range(3):
            assert list(client.tags(f"{server.address}/app"))
    warnings = [event.text for event in heard if event.name == "Settings"]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{file} cannot be read")
