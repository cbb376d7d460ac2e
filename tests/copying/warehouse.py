"""A registry that keeps what is pushed to it, in memory, and that can be told to misbehave."""

from __future__ import annotations

__all__ = ["Warehouse"]

import itertools
import json
import re
import threading
from dataclasses import dataclass, field

from boxship.digest import Digest
from boxship.errors import InvalidReference
from boxship.media_type import OCI_MANIFEST
from boxship.testing import Answer, Request
from boxship.testing.replies import API_VERSION, failure
from boxship.wire.ranges import parse_content_range, write_upload_range

_PLACE = re.compile(r"/v2/app/(blobs/uploads|blobs|manifests)/(.*)")


@dataclass
class Warehouse:
    """Blobs, manifests and uploads of the repository `app`; what it keeps is what its digest says."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def __call__(self, request: Request) -> Answer:
        """What a registry answers that has all that was pushed so far."""
        place = _PLACE.fullmatch(request.path)
        with self._lock:
            if not place:
                return Answer(200, headers=API_VERSION) if request.path == "/v2/" else Answer(404)
            kind, name = place.groups()
            if kind == "blobs/uploads":
                return self._upload(request, name)
            return self._blob(name) if kind == "blobs" else self._manifest(request, name)

    def begun(self, request: Request) -> str:
        """The upload that a request is about, or ''."""
        place = _PLACE.fullmatch(request.path)
        return place[2] if place and place[1] == "blobs/uploads" else ""

    def _upload(self, request: Request, name: str) -> Answer:
        if request.method == "POST":
            name = str(next(self._numbers))
            self.uploads[name] = b""
            return self._at(202, name)
        if name not in self.uploads:
            return failure(404, "BLOB_UPLOAD_UNKNOWN")
        if request.method == "GET":
            return self._at(204, name)
        if request.method == "PATCH":
            said = parse_content_range(request.headers.get("content-range", ""))
            if not said or said.start != len(self.uploads[name]):
                return self._at(416, name)
            self.uploads[name] += request.body
            return self._at(202, name)
        return self._closed(request, name)

    def _closed(self, request: Request, name: str) -> Answer:
        content = self.uploads.pop(name) + request.body
        wanted = dict(request.query)["digest"]
        if str(Digest.of(content)) != wanted:
            return failure(400, "DIGEST_INVALID", f"it is {Digest.of(content)}")
        self.blobs[wanted] = content
        return Answer(201, headers={"Location": f"/v2/app/blobs/{wanted}", "Docker-Content-Digest": wanted})

    def _at(self, status: int, name: str) -> Answer:
        there = {"Location": f"/v2/app/blobs/uploads/{name}", "Range": write_upload_range(len(self.uploads[name]))}
        return Answer(status, headers=there)

    def _blob(self, name: str) -> Answer:
        return Answer(200, self.blobs[name]) if name in self.blobs else failure(404, "BLOB_UNKNOWN")

    def _manifest(self, request: Request, name: str) -> Answer:
        if request.method == "PUT":
            return self._put(name, request.body)
        raw = self.manifests.get(self.tags.get(name, name))
        if raw is None:
            return failure(404, "MANIFEST_UNKNOWN")
        return Answer(200, raw, headers={"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": str(Digest.of(raw))})

    def _put(self, name: str, raw: bytes) -> Answer:
        document, digest = json.loads(raw), str(Digest.of(raw))
        for wanted in (document["config"], *document["layers"]):
            if wanted["digest"] not in self.blobs:
                return failure(400, "MANIFEST_BLOB_UNKNOWN", wanted["digest"])
        try:
            Digest.parse(name)
        except InvalidReference:
            self.tags[name] = digest
        self.manifests[digest] = raw
        return Answer(201, headers={"Docker-Content-Digest": digest})
