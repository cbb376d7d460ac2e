"""The answers that registries are made of: JSON documents, and the specification's error bodies."""

from __future__ import annotations

__all__ = ["API_VERSION", "failure", "json_answer"]

import json
from collections.abc import Mapping
from types import MappingProxyType

from boxship.testing.exchange import Answer
from boxship.wire.failure import Failure, write_failures

API_VERSION: Mapping[str, str] = MappingProxyType({"Docker-Distribution-Api-Version": "registry/2.0"})
_NONE: Mapping[str, str] = MappingProxyType({})


def json_answer(document: object, status: int = 200, *, headers: Mapping[str, str] = _NONE) -> Answer:
    """A registry's answer with a JSON document."""
    return _answer(status, json.dumps(document).encode(), headers)


def failure(status: int, code: str, message: str = "", *, headers: Mapping[str, str] = _NONE) -> Answer:
    """A registry's answer that says what went wrong, as the specification has it."""
    return _answer(status, write_failures([Failure(code=code, message=message)]), headers)


def _answer(status: int, body: bytes, headers: Mapping[str, str]) -> Answer:
    return Answer(status, body, headers={"Content-Type": "application/json", **API_VERSION, **headers})
