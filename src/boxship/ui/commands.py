"""Commands for other programs and for this one, to be copied and pasted; nothing is asked."""

from __future__ import annotations

__all__ = ["commands"]

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from boxship.ui.asked import Asked

_NO_NAME = re.compile(r"[^a-z0-9-]+")
_LONGEST_NAME = 63  # of a pod (RFC 1123)


class _Command(NamedTuple):
    program: str
    purpose: str
    words: tuple[str, ...]


def commands(asked: Asked) -> Mapping[str, object]:
    """What to write for an image."""
    image = asked.image
    name = f"{asked.called}/{image.repository}"
    named = f"{name}@{image.digest}" if image.digest else f"{name}:{image.tag}"
    every = _every(named, image.repository, asked.platform, plain=asked.engine.plain)
    told = [{"program": one.program, "purpose": one.purpose, "text": shlex.join(one.words)} for one in every]
    return {"image": named, "commands": told}


def _every(image: str, repository: str, platform: str | None, *, plain: bool) -> Iterator[_Command]:
    chosen = ("--platform", platform) if platform else ()
    last = repository.rpartition("/")[2]
    # What podman speaks to over plain HTTP it has to be told, loopback or not.
    unsafe = ("--tls-verify=false",) if plain else ()
    yield _Command("boxship", "inspect", ("boxship", "inspect", *chosen, image))
    yield _Command("boxship", "pull into a file", ("boxship", "pull", *chosen, image, f"{last}.tar"))
    yield _Command("boxship", "copy into a folder", ("boxship", "copy", *chosen, image, f"oci:{last}"))
    yield _Command("boxship", "find out why it cannot be reached", ("boxship", "doctor", image))
    yield _Command("docker", "pull", ("docker", "pull", *chosen, image))
    yield _Command("docker", "run", ("docker", "run", "--rm", "-it", *chosen, image))
    yield _Command("podman", "pull", ("podman", "pull", *unsafe, *chosen, image))
    yield _Command("podman", "run", ("podman", "run", "--rm", "-it", *unsafe, *chosen, image))
    pod = _NO_NAME.sub("-", last)[:_LONGEST_NAME].strip("-") or "image"
    yield _Command("kubectl", "run", ("kubectl", "run", pod, f"--image={image}"))
    deployment = ("kubectl", "set", "image", f"deployment/{pod}", f"{pod}={image}")
    yield _Command("kubectl", "set the image of a deployment", deployment)
