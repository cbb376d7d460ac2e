"""A scripted registry: the reading half of the specification as a function, to be served and to be spoilt.

Any repository has the same tags and the same image. Who may read is `access`'s work, what goes wrong `hostile`'s, and
a registry that keeps what is pushed is `registry`.
"""

from __future__ import annotations

__all__ = ["ScriptedRegistry"]

import re
from collections.abc import Iterable
from urllib.parse import urlencode

from boxship.digest import Digest
from boxship.testing.access import Access
from boxship.testing.exchange import Answer, Request
from boxship.testing.image import Image, random_image
from boxship.testing.replies import API_VERSION, failure, json_answer
from boxship.wire.links import write_next
from boxship.wire.ranges import parse_byte_range


class ScriptedRegistry:
    """Answers `/v2/`, tag pages, manifests and blobs: `serving(ScriptedRegistry())`.

    Every repository has `tags`, in lexical order and in pages of at most `page_size`, and each of them names `image`,
    a small random one by default. Blobs can be had by Range. `access` is `basic(…)` or `bearer(…)`.
    """

    def __init__(
        self,
        *,
        image: Image | None = None,
        tags: Iterable[str] = ("latest", "v1", "v2"),
        page_size: int = 1000,
        access: Access | None = None,
    ) -> None:
        self.image = image or random_image()
        self.tags = tuple(sorted(tags))
        self._page_size = page_size
        self._access = access
        self._contents = {str(digest): content for digest, content in self.image.blobs.items()}

    def __call__(self, request: Request) -> Answer:
        """The registry's answer to `request`."""
        if self._access and (challenge := self._access(request)):
            return challenge
        if request.method not in ("GET", "HEAD"):
            return failure(405, "UNSUPPORTED", "this registry is read-only")
        for pattern, answer in self._ROUTES:
            if match := pattern.fullmatch(request.path):
                return answer(self, request, *match.groups())
        return failure(404, "NAME_UNKNOWN", request.path)

    def _base(self, _: Request) -> Answer:
        return json_answer({})

    def _page(self, request: Request, repository: str) -> Answer:
        query = dict(request.query)
        size = min(int(query.get("n", self._page_size)), self._page_size)
        rest = [tag for tag in self.tags if tag > query.get("last", "")]
        page = rest[:size]
        more = len(rest) > size > 0
        link = write_next(f"{request.path}?{urlencode({'n': size, 'last': page[-1]})}") if more else ""
        return json_answer({"name": repository, "tags": page}, headers={"Link": link} if link else {})

    def _manifest(self, _: Request, __: str, name: str) -> Answer:
        if name not in (str(self.image.digest), *self.tags):
            return failure(404, "MANIFEST_UNKNOWN", name)
        return _content(self.image.manifest, self.image.media_type, self.image.digest)

    def _blob(self, request: Request, _: str, name: str) -> Answer:
        content = self._contents.get(name)
        if content is None:
            return failure(404, "BLOB_UNKNOWN", name)
        whole = _content(content, "application/octet-stream", Digest.parse(name))
        try:
            part = parse_byte_range(request.headers.get("range", ""), len(content))
        except ValueError:
            return failure(416, "RANGE_INVALID", name)
        return _part(whole, content, *part) if part else whole

    _ROUTES = (
        (re.compile(r"/v2/"), _base),
        (re.compile(r"/v2/(.+)/tags/list"), _page),
        (re.compile(r"/v2/(.+)/manifests/([^/]+)"), _manifest),
        (re.compile(r"/v2/(.+)/blobs/([^/]+)"), _blob),
    )


def _content(content: bytes, media_type: str, digest: Digest) -> Answer:
    headers = {"Content-Type": media_type, "Docker-Content-Digest": str(digest), "Accept-Ranges": "bytes"}
    return Answer(200, content, headers={**API_VERSION, **headers})


def _part(whole: Answer, content: bytes, start: int, stop: int) -> Answer:
    headers = {**dict(whole.headers), "Content-Range": f"bytes {start}-{stop - 1}/{len(content)}"}
    return Answer(206, content[start:stop], headers=headers)
