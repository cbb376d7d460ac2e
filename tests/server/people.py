"""Users for tests: added to a registry's folder with hashes that cost little, and what their requests bring."""

from __future__ import annotations

__all__ = ["As", "add", "basic", "remove"]

import asyncio
import base64
from collections.abc import Mapping
from pathlib import Path

from boxship.credential import Secret
from boxship.server.access.rights import Grant, Right
from boxship.server.access.users import User, opened
from tests.server.content import Asks
from tests.server.driver import Reply


def add(
    folder: Path,
    name: str,
    *,
    pull: str = "",
    push: str = "",
    create: str = "",
    delete: str = "",
    password: str = "secret",
    url: str = "",
) -> None:
    """Add or replace a user of the registry in `folder`, or at `url`; each right is for patterns parted by spaces."""
    rights = {Right.PULL: pull, Right.PUSH: push, Right.CREATE: create, Right.DELETE: delete}
    grants = [Grant.of(pattern, right) for right, patterns in rights.items() for pattern in patterns.split()]
    user = User.of(name, Secret(password), grants, cost=4)
    with opened(folder, make=True, url=url) as users:
        asyncio.run(users.put(user))


def remove(folder: Path, name: str, url: str = "") -> None:
    with opened(folder, url=url) as users:
        assert asyncio.run(users.remove(name))


class As:
    """A registry, asked with these headers: as somebody."""

    def __init__(self, registry: Asks, headers: Mapping[str, str]) -> None:
        self._registry, self._headers = registry, headers

    def __call__(self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        return self._registry(method, target, body, {**self._headers, **(headers or {})})


def basic(name: str, password: str = "secret") -> dict[str, str]:
    """The header that says who asks."""
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}
