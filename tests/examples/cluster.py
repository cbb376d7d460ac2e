"""A Kubernetes API with one object of one kind, as much of it as an operator asks for."""

from __future__ import annotations

__all__ = ["Cluster"]

import json
import threading
from collections.abc import Iterator
from typing import Any

from boxship.testing import Answer, Request, json_answer

_VERBS = ["get", "list", "patch", "watch"]


class Cluster:
    """Answers like an API server: discovery, a list, a watch, and patches, which watchers are told of."""

    def __init__(self, image: str) -> None:
        metadata = {"name": "app", "namespace": "team", "uid": "u-1", "resourceVersion": "1"}
        metadata["creationTimestamp"] = "2026-01-01T00:00:00Z"
        kind = {"apiVersion": "example.com/v1", "kind": "ImagePin"}
        self._object: dict[str, Any] = {**kind, "metadata": metadata, "spec": {"image": image}}
        self._changed = threading.Condition()
        self._over = False

    def wait_for_status(self, field: str, seconds: float = 20) -> str:
        """What a handler has written there."""
        with self._changed:
            self._changed.wait_for(lambda: field in self._object.get("status", {}), seconds)
            return str(self._object.get("status", {}).get(field))

    def close(self) -> None:
        """End every watch."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def __call__(self, request: Request) -> Answer:
        """The answer to a request of kopf's."""
        if request.method == "PATCH":
            return json_answer(self._patch(json.loads(request.body)))
        if request.path in _DISCOVERY:
            return json_answer(_DISCOVERY[request.path])
        kept = request.path == "/apis/example.com/v1/imagepins"
        if dict(request.query).get("watch") == "true":
            return Answer(200, self._watch(told=kept), chunked=True)
        return json_answer(self._list(kept=kept))

    def _list(self, *, kept: bool) -> dict[str, object]:
        with self._changed:
            version = self._object["metadata"]["resourceVersion"]
            return {"metadata": {"resourceVersion": version}, "items": [self._object] if kept else []}

    def _patch(self, patch: dict[str, Any]) -> dict[str, Any]:
        with self._changed:
            version = str(int(self._object["metadata"]["resourceVersion"]) + 1)
            self._object = _merged(_merged(self._object, patch), {"metadata": {"resourceVersion": version}})
            self._changed.notify_all()
            return self._object

    def _watch(self, *, told: bool) -> Iterator[bytes]:
        with self._changed:
            known = self._object
            while not self._over:
                if self._object is not known and told:
                    known = self._object
                    yield json.dumps({"type": "MODIFIED", "object": known}).encode() + b"\n"
                self._changed.wait()


def _kind(name: str, kind: str, *, namespaced: bool) -> dict[str, object]:
    return {"name": name, "kind": kind, "singularName": kind.lower(), "namespaced": namespaced, "verbs": _VERBS}


def _kinds(*kinds: dict[str, object]) -> dict[str, object]:
    return {"kind": "APIResourceList", "resources": kinds}


def _group(name: str) -> dict[str, object]:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "preferredVersion": version, "versions": [version]}


# An operator begins when it knows the kinds that every cluster has.
_DISCOVERY: dict[str, dict[str, object]] = {
    "/api": {"versions": ["v1"]},
    "/api/v1": _kinds(_kind("namespaces", "Namespace", namespaced=False)),
    "/apis": {"groups": [_group("example.com"), _group("apiextensions.k8s.io")]},
    "/apis/apiextensions.k8s.io/v1": _kinds(
        _kind("customresourcedefinitions", "CustomResourceDefinition", namespaced=False)
    ),
    "/apis/example.com/v1": _kinds(_kind("imagepins", "ImagePin", namespaced=True)),
}


def _merged(into: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396."""
    merged = dict(into)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name) or {}, value) if isinstance(value, dict) else value
    return merged
