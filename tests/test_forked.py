"""A process that is forked off begins anew with the clients that it inherits: it has none of their threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from boxship.testing import put_tags, registry

PROGRAM = """
import asyncio, os, sys, threading
from boxship import AsyncClient, Client

address, kind = sys.argv[1:]
tags = sorted(f"v{number}" for number in range(40))
client, lifted = Client(), AsyncClient()

def look():
    assert list(client.tags(f"{address}/app")) == tags
    assert len(list(client.digests(f"{address}/app:{tag}" for tag in tags))) == 40

async def look_lifted():
    assert [tag async for tag in lifted.tags(f"{address}/app")] == tags
    await lifted.digest(f"{address}/app:v1")

def all_at_once():
    threads = [threading.Thread(target=look) for _ in range(4)]
    [thread.start() for thread in threads]
    if kind == "in the middle":
        return threads
    [thread.join() for thread in threads]
    asyncio.run(look_lifted())
    return []

if kind == "closed":
    client.close()
else:
    look()  # all is imported: a fork in the middle of that is lost in any program
    begun = all_at_once()
child = os.fork()
if child == 0:
    try:
        kind = "child" if kind != "closed" else kind
        all_at_once() if kind == "child" else look()
    except BaseException as error:
        print(type(error).__name__, error, flush=True)
        os._exit(1)
    os._exit(0)
if kind != "closed":
    [thread.join() for thread in begun]
    look()  # at the same time, over connections that the child has inherited
_, status = os.waitpid(child, 0)
print("child ended with", os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing forks there")
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("used", "child ended with 0"),
        ("in the middle", "child ended with 0"),
        ("closed", "Cancelled the client is closed"),
    ],
)
def test_a_fork_begins_anew(tmp_path: Path, kind: str, said: str) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    with registry() as running:
        put_tags(running.address, "app", [f"v{number}" for number in range(40)])
        words = [sys.executable, str(tmp_path / "program.py"), running.address, kind]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert said in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
