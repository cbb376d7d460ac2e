"""`boxship demo`: the main job on this machine, and then with a firewall in its way. Needs no root and no network."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import io
import json
import socket
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

from boxship.cli import console
from boxship.client import Client
from boxship.digest import Digest
from boxship.event import Event
from boxship.testing import Place, RunningRegistry, black_hole, put_image, registry

SUMMARY = "See it work: a registry on a free port, an image in it, and a firewall in the way."
EXAMPLE = "boxship demo"

_REPOSITORY, _TAG = "team/app", "1.0"
_HOST = "registry.corp"
_PATIENCE = 3.0  # seconds that the plain socket is given; it would wait for over two minutes


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Nothing: the verb takes no argument."""


def run(_chosen: argparse.Namespace) -> int:
    """Show the steps; 1 if one of them fails."""
    with registry(host_names=(_HOST,)) as served, black_hole() as hole:
        steps: tuple[Callable[[], None], ...] = (
            lambda: _push(served),
            lambda: _list(served),
            lambda: _verify(served),
            lambda: _behind_a_firewall(served, hole),
            lambda: _the_usual_way(hole),
        )
        return 0 if all(_succeeds(step) for step in steps) else 1


def _succeeds(step: Callable[[], None]) -> bool:
    try:
        step()
    except Exception as error:  # noqa: BLE001 -- whatever a step meets, the demo says so and ends with 1
        console.complain(f"boxship demo: this step failed: {error}")
        return False
    return True


def _push(served: RunningRegistry) -> None:
    _title(f"A registry at {served.address}, and an image in it: a layer of this interpreter's own files")
    layer = _layer(Path(json.__file__).parent)
    digest = put_image(served.address, _REPOSITORY, _TAG, layers=[layer])
    console.say(f"{served.address}/{_REPOSITORY}:{_TAG}@{digest}  ({len(layer)} bytes)")


def _list(served: RunningRegistry) -> None:
    _title(f"boxship catalog -v {served.address};  boxship ls -v {served.address}/{_REPOSITORY}")
    with Client(on_event=_show) as client:
        _expect([_REPOSITORY], list(client.catalog(served.address)))
        _expect([_TAG], list(client.tags(f"{served.address}/{_REPOSITORY}")))


def _verify(served: RunningRegistry) -> None:
    _title("Every byte is verified: the manifest, its configuration, its layer")
    with Client() as client:
        name = f"{served.address}/{_REPOSITORY}"
        document = client.document(f"{name}:{_TAG}")
        manifest = client.manifest(f"{name}@{document.digest}")
        for content in getattr(manifest, "layers", ()):
            with client.open_blob(f"{name}@{content.digest}", size=content.size) as blob:
                received = b"".join(bytes(piece) for piece in blob)
            _expect([str(content.digest)], [str(Digest.of(received))])


def _behind_a_firewall(served: RunningRegistry, hole: Place) -> None:
    _title(f"The same registry as {_HOST}: port 443 is black-holed, port 80 serves")
    resolve = {(_HOST, 443): (hole.host, hole.port), (_HOST, 80): (served.host, served.port)}
    began = time.monotonic()
    with Client(plain_http="auto", resolve=resolve, on_event=_show) as client:
        _expect([_TAG], list(client.tags(f"{_HOST}/{_REPOSITORY}")))
    console.say(f"boxship ls --plain-http=auto: the answer came after {(time.monotonic() - began) * 1000:.0f} ms")


def _the_usual_way(hole: Place) -> None:
    began = time.monotonic()
    try:
        socket.create_connection((hole.host, hole.port), timeout=_PATIENCE).close()
    except TimeoutError:
        seconds = time.monotonic() - began
        console.say(f"socket.create_connection to port 443: nothing after {seconds:.1f} s; given up, it would go on")
    else:
        raise RuntimeError("the black hole let a connection through")


def _layer(folder: Path) -> bytes:
    """A layer of a folder's files, the same bytes on every run."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for file in sorted(folder.glob("*.py")):
            entry = tarfile.TarInfo(f"app/{file.name}")
            entry.size = file.stat().st_size
            archive.addfile(entry, io.BytesIO(file.read_bytes()))
    return content.getvalue()


def _expect(wanted: list[str], found: list[str]) -> None:
    if found != wanted:
        raise RuntimeError(f"expected {wanted}, found {found}")
    console.say(*found)


def _title(text: str) -> None:
    console.say("", f"== {text}")


def _show(event: Event) -> None:
    # On stdout, unlike every other verb: here the trace is what is to be seen, in its place.
    if event.level != "D":
        console.say(f"  {event}")
