"""registries.conf: under the same file, skopeo and boxship ask the same hosts for the same, in the same order."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import BoxshipError
from boxship.testing import Answer, Request, ScriptedRegistry, Server, failure, serving
from tests.registry.mirrored import asked, write

DIGEST = str(Digest.of(b"nothing"))
KNOWN = ScriptedRegistry()


def nothing(request: Request) -> Answer:
    return KNOWN(request) if request.path == "/v2/" else failure(404, "MANIFEST_UNKNOWN", "manifest unknown")


# A table for {0}, whose mirrors are {1} and {2}.
TABLES = {
    "nothing": "",
    "a mirror": "[[registry]]\nlocation='{0}'\n[[registry.mirror]]\nlocation='{1}'\ninsecure=true\n",
    "two, with paths": (
        "[[registry]]\nlocation='{0}'\n[[registry.mirror]]\nlocation='{1}/a'\ninsecure=true\n"
        "[[registry.mirror]]\nlocation='{2}/b/c'\ninsecure=true\n"
    ),
    "a prefix": (
        "[[registry]]\nprefix='{0}/team'\nlocation='{1}/elsewhere'\ninsecure=true\n"
        "[[registry.mirror]]\nlocation='{2}'\ninsecure=true\n"
    ),
    "the longest prefix": (
        "[[registry]]\nlocation='{0}'\n[[registry.mirror]]\nlocation='{1}'\ninsecure=true\n"
        "[[registry]]\nprefix='{0}/team/app'\nlocation='{0}/team/app'\n[[registry.mirror]]\nlocation='{2}/x'\ninsecure=true\n"
    ),
    "a prefix of another": "[[registry]]\nprefix='{0}/tea'\nlocation='{1}'\ninsecure=true\n",
    "digests only": (
        "[[registry]]\nlocation='{0}'\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation='{1}'\ninsecure=true\n"
    ),
    "each its own": (
        "[[registry]]\nlocation='{0}'\n[[registry.mirror]]\nlocation='{1}'\ninsecure=true\npull-from-mirror='tag-only'\n"
        "[[registry.mirror]]\nlocation='{2}'\ninsecure=true\npull-from-mirror='digest-only'\n"
    ),
    "blocked": "[[registry]]\nprefix='{0}/team'\nlocation='{0}/team'\nblocked=true\n",
    "blocked beside": "[[registry]]\nprefix='{0}/other'\nlocation='{0}/other'\nblocked=true\n",
    "a mirror that is blocked": (
        "[[registry]]\nlocation='{0}'\n[[registry.mirror]]\nlocation='{1}'\ninsecure=true\n"
        "[[registry]]\nlocation='{1}'\nblocked=true\ninsecure=true\n"
    ),
    "the registry itself is a mirror": (
        "[[registry]]\nlocation='{0}'\n[[registry.mirror]]\nlocation='{0}/cache'\ninsecure=true\n"
    ),
}


def everything(servers: Sequence[Server]) -> list[tuple[int, list[str]]]:
    """What was asked of each, without how; a program may ask for several kinds one after the other."""
    return [
        (number, list(dict.fromkeys(line.partition(" ")[2] for line in asked(server))))
        for number, server in enumerate(servers)
    ]


def conf_for(home: Path, text: str, servers: Sequence[Server]) -> None:
    insecure = f"[[registry]]\nprefix='127.0.0.1:{servers[0].port}/never'\nlocation='x'\n"
    content = text.format(*(server.address for server in servers)) or insecure
    write(home / ".config" / "containers" / "registries.conf", content)


def by_skopeo(reference: str, home: Path) -> None:
    command = ["skopeo", "--insecure-policy", "inspect", "--raw", "--tls-verify=false", f"docker://{reference}"]
    environment = {**os.environ, "HOME": str(home)}
    subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)


def by_boxship(reference: str) -> None:
    with Client() as client:
        try:
            client.document(reference)
        except BoxshipError:
            return


@pytest.mark.peer("skopeo")
@pytest.mark.parametrize("suffix", [":v1", f"@{DIGEST}"], ids=["tag", "digest"])
@pytest.mark.parametrize("table", TABLES)
def test_skopeo_asks_the_same(table: str, suffix: str, home: Path) -> None:
    found = []
    for ask in (lambda reference: by_skopeo(reference, home), by_boxship):
        with ExitStack() as stack:
            servers = [stack.enter_context(serving(nothing)) for _ in range(3)]
            conf_for(home, TABLES[table], servers)
            ask(f"{servers[0].address}/team/app{suffix}")
            found.append(everything(servers))
    skopeos, ours = found
    assert ours == skopeos
    assert any(lines for _, lines in ours) is (table != "blocked")
