"""Docker Hub as it is from outside: `docker_hub.py CHAIN KEY`, run inside a namespace; each request is printed as JSON.

Its three hosts are at three addresses, on 443: the registry, which has one challenge for everything; the token server,
whose tokens have claims, are good for what was asked and is known, and end; and the place that blobs are redirected to,
which takes a signed URL and refuses whoever sends a credential besides. The headers are those of the real ones.

What there is: `zichenkkkk/migrate` and `library/alpine` for everybody; `ana/private` for ana; `zichenkkkk/short`,
whose tokens live for a second; `zichenkkkk/busy`, whose first token is too much; and `zichenkkkk/limited`, whose limit
is reached.
"""

from __future__ import annotations

__all__ = ["AUTH", "BLOBS", "HOSTS", "PASSWORD", "REFRESH", "REGISTRY", "TAGS", "USER", "main"]

import base64
import contextlib
import json
import secrets
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from boxship.testing import Answer, Request, ScriptedRegistry, Server, failure, json_answer

USER, PASSWORD, REFRESH = "ana", "dckr_pat_s3cret", "r3fresh"
REGISTRY, AUTH, BLOBS = "registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com"
HOSTS: Mapping[str, str] = {REGISTRY: "10.99.0.1", AUTH: "10.99.0.2", BLOBS: "10.99.0.3"}
TAGS = tuple(sorted(f"v{number}" for number in range(250)))
SERVICE = "registry.docker.io"
_CHALLENGE = f'Bearer realm="https://{AUTH}/token",service="{SERVICE}"'
_LIMIT = {
    "ratelimit-limit": "100;w=21600",
    "ratelimit-remaining": "0;w=21600",
    "docker-ratelimit-source": "10.99.0.100",
}
_LIMITED = "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
_STRICT = {"Strict-Transport-Security": "max-age=31536000", "Docker-Distribution-Api-Version": "registry/2.0"}


class Hub:
    """The three hosts as functions, and what they know of each other."""

    def __init__(self) -> None:
        self._content = ScriptedRegistry(tags=TAGS, page_size=100)
        self._tokens: dict[str, tuple[frozenset[str], float]] = {}
        self._signed: set[str] = set()
        self._busy = 1

    # registry-1.docker.io

    def registry(self, request: Request) -> Answer:
        """Everything needs a token."""
        repository = "/".join(request.path.split("/")[2:4]) if request.path != "/v2/" else ""
        scope = f"repository:{repository}:pull" if repository else ""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        scopes, until = self._tokens.get(token, (frozenset[str](), 0.0))
        if until < time.time() or (scope and scope not in scopes):
            return self._unauthorized(scope, "insufficient_scope" if until > time.time() else token and "invalid_token")
        if repository.endswith("/limited") and "/manifests/" in request.path:
            return failure(429, "TOOMANYREQUESTS", _LIMITED, headers=_LIMIT)
        if "/blobs/" in request.path and request.method == "GET":
            return self._to_blobs(request.path.rpartition("/")[2])
        return self._content(request)

    @staticmethod
    def _unauthorized(scope: str, error: str) -> Answer:
        words = _CHALLENGE + (f',scope="{scope}"' if scope else "") + (f',error="{error}"' if error else "")
        return failure(401, "UNAUTHORIZED", "authentication required", headers={**_STRICT, "Www-Authenticate": words})

    def _to_blobs(self, digest: str) -> Answer:
        signature = secrets.token_urlsafe(24)
        self._signed.add(signature)
        where = f"/registry-v2/docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"
        expires = int(time.time()) + 600
        query = f"expires={expires}&signature={signature}&version=2"
        return Answer(307, headers={"Location": f"https://{BLOBS}{where}?{query}", "Docker-Content-Digest": digest})

    # auth.docker.io

    def auth(self, request: Request) -> Answer:
        """GET with Basic or without, POST with a refresh token."""
        fields = dict(parse_qsl(request.body.decode())) if request.method == "POST" else {}
        asked = [*request.query, *fields.items()]
        user = self._user(request, fields)
        if user is None or dict(asked).get("service") != SERVICE:
            return json_answer({"details": "incorrect username or password"}, status=401)
        scopes = [scope for name, value in asked if name == "scope" for scope in value.split()]
        if self._busy and any("/busy:" in scope for scope in scopes):
            self._busy -= 1
            return Answer(429, b"Too Many Requests\n", headers={"Retry-After": "1", "Content-Type": "text/plain"})
        return self._token(user, [scope for scope in scopes if user == USER or not scope.startswith("repository:ana/")])

    @staticmethod
    def _user(request: Request, fields: Mapping[str, str]) -> str | None:
        """Who asks, '' for nobody in particular; None for who says what is not so."""
        if request.method == "POST":
            return USER if fields.get("refresh_token") == REFRESH else None
        told = request.headers.get("authorization", "")
        if not told:
            return ""
        return USER if base64.b64decode(told.removeprefix("Basic ")).decode() == f"{USER}:{PASSWORD}" else None

    def _token(self, user: str, scopes: list[str]) -> Answer:
        now, lives = int(time.time()), 1 if any("/short:" in scope for scope in scopes) else 300
        access = [{"type": kind, "name": name, "actions": ["pull"]} for kind, name, _ in (s.split(":") for s in scopes)]
        claims = {"access": access, "aud": SERVICE, "exp": now + lives, "iat": now, "iss": AUTH, "sub": user}
        token = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}.{secrets.token_urlsafe(64)}"
        granted = frozenset(f"{each['type']}:{each['name']}:pull" for each in access)
        self._tokens[token] = granted, time.time() + lives
        issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        answer = {"token": token, "access_token": token, "expires_in": lives, "issued_at": issued}
        return json_answer(answer, headers={"Strict-Transport-Security": "max-age=31536000"})

    # production.cloudflare.docker.com

    def blobs(self, request: Request) -> Answer:
        """A signed URL, and no credential besides."""
        if "authorization" in request.headers or dict(request.query).get("signature") not in self._signed:
            return Answer(403, b"Forbidden", headers={"Content-Type": "text/plain"})
        digest = f"sha256:{request.path.split('/')[-2]}"
        return self._content(replace(request, target=f"/v2/any/blobs/{digest}"))


def _part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def _told(host: str, answer: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    def telling(request: Request) -> Answer:
        given = answer(request)
        said = request.headers.get("authorization", "").partition(" ")[0]
        line = {"host": host, "method": request.method, "target": request.target, "said": said, "status": given.status}
        print(f"{json.dumps(line)}\n", end="", flush=True)  # noqa: T201 -- tests read it; threads write it, each a line at once
        return given

    return telling


def main() -> None:
    chain, key = sys.argv[1:]
    hub = Hub()
    answers = {REGISTRY: hub.registry, AUTH: hub.auth, BLOBS: hub.blobs}
    with contextlib.ExitStack() as serving:
        for host, answer in answers.items():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(chain, key)
            serving.enter_context(Server(_told(host, answer), host=HOSTS[host], port=443, context=context))
        while True:
            time.sleep(60)


if __name__ == "__main__":
    main()
