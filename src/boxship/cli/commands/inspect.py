"""`boxship inspect`: what an image says of itself."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from collections.abc import Iterator, Mapping

from boxship.cli import console, moving, options, shape
from boxship.cli.tally import bytes_of
from boxship.image.inspection import Inspected

SUMMARY = "Print what an image says of itself, of an index on every platform; no layer is read, and no tag is listed."
EXAMPLE = "boxship inspect reg.corp/app:1 --platform linux/arm64 -o json"
_COLUMN = 14


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("image", help="a reference or a local place (oci:DIR, docker-archive:FILE, …)")
    parser.add_argument("--raw", action="store_true", help="print the manifest's or index's bytes, as skopeo does")
    parser.add_argument("-n", "--no-tags", action="store_true", help="do not list tags; it is never done (skopeo's)")
    shape.add_shape(parser)
    moving.add_platforms(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Inspect."""
    with options.client(chosen) as client:
        if chosen.raw:
            console.write(client.raw(chosen.image, platforms=moving.platforms(chosen)))
            return 0
        found = client.inspect(chosen.image, platforms=moving.platforms(chosen))
    document = {"name": chosen.image, **found.document()}
    shape.show(chosen, "boxship.inspect/1", document, _lines(chosen.image, found))
    return 0


def _lines(name: str, found: Inspected) -> Iterator[str]:
    yield from _rows("name", name)
    yield from _image(found)
    for image in found.images:
        yield ""
        yield from _image(image)


def _image(one: Inspected) -> Iterator[str]:
    if one.platform:
        yield from _rows("platform", str(one.platform))
    yield from _rows("digest", str(one.digest))
    yield from _rows("media type", one.media_type)
    yield from _rows("artifact type", one.artifact_type)
    yield from _rows("subject", str(one.subject or ""))
    yield from _rows("created", one.created)
    yield from _rows("author", one.author)
    yield from _rows("size", bytes_of(one.size))
    yield from _run(one)
    yield from _rows("labels", *_pairs(one.config.labels if one.config else {}))
    yield from _rows("annotations", *_pairs(one.annotations))
    yield from _rows(
        "layers", *(f"{layer.digest}  {bytes_of(layer.size):>8}  {layer.media_type}" for layer in one.layers)
    )
    yield from _rows("platforms", *(str(image.platform) for image in one.images if image.platform))


def _run(one: Inspected) -> Iterator[str]:
    """How it runs."""
    config = one.config
    if not config:
        return
    yield from _rows("entrypoint", " ".join(config.entrypoint))
    yield from _rows("cmd", " ".join(config.cmd))
    yield from _rows("user", config.user)
    yield from _rows("working dir", config.working_dir)
    yield from _rows("env", *config.env)
    for name, key in (("ports", "ExposedPorts"), ("volumes", "Volumes")):
        said = one.run.get(key)
        yield from _rows(name, ", ".join(said) if isinstance(said, dict) else "")


def _pairs(said: Mapping[str, str]) -> Iterator[str]:
    return (f"{name}={value}" for name, value in sorted(said.items()))


def _rows(name: str, *values: str) -> Iterator[str]:
    """The values under each other, the name before the first; nothing where there is nothing."""
    for number, value in enumerate(filter(None, values)):
        yield f"{'' if number else name:<{_COLUMN}}{value}"
