"""Registries on loopback that answer wrongly, and those behind them: token servers and blob stores that are dead."""

from __future__ import annotations

__all__ = ["BROKEN", "WELL"]

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from boxship.media_type import OCI_INDEX, OCI_MANIFEST
from boxship.platform import Platform
from boxship.testing import (
    Answer,
    Answering,
    Request,
    ScriptedRegistry,
    TokenServer,
    basic,
    bearer,
    black_hole,
    by_path,
    captive_portal,
    failure,
    html,
    instead,
    put_image,
    put_manifest,
    random_image,
    rate_limited,
    redirect_to,
    refused,
    registry,
    serving,
    spoilt,
    wrong_digest,
)
from tests.doctor.case import Asking, Case, Network, alone

# Makes the registry's answers; what else it opens is on the stack.
Build = Callable[[ExitStack], Answer | Answering]
USER, PASSWORD = "alice", "secret"


def _served(build: Build, *options: str, name: str = "app:v1", host: str = "127.0.0.1") -> Network:
    @contextmanager
    def network(folder: Path) -> Iterator[Asking]:
        with ExitStack() as stack:
            server = stack.enter_context(serving(build(stack), host=host))
            yield Asking(alone(folder), (*options, f"{server.address}/{name}"))

    return network


def _always(answer: Answer | Answering) -> Network:
    return _served(lambda _: answer)


def _place(stack: ExitStack, what: str | Answer | Answering) -> str:
    """The address of a server that is `dropped`, `refused`, or answers."""
    if isinstance(what, str):
        return stack.enter_context({"dropped": black_hole, "refused": refused}[what]()).address
    return stack.enter_context(serving(what)).address


def _tokens(what: str | Answer | Answering) -> Network:
    """A registry whose token server is that."""

    def build(stack: ExitStack) -> Answering:
        return ScriptedRegistry(access=bearer(f"http://{_place(stack, what)}/token", TokenServer()))

    return _served(build)


def _blobs(what: str | Answer | Answering) -> Network:
    """A registry that sends everybody there for blobs."""

    def build(stack: ExitStack) -> Answering:
        return instead(ScriptedRegistry(), "/blobs/", redirect_to(f"http://{_place(stack, what)}/blob"))

    return _served(build)


class _Nothing:
    """Tokens that cover no repository, whatever was asked for."""

    def accepts(self, token: str, scope: str) -> bool:
        return bool(token) and not scope


def _without_scope(stack: ExitStack) -> Answering:
    address = _place(stack, TokenServer(anonymous=True))
    return ScriptedRegistry(access=bearer(f"http://{address}/token", _Nothing()))


def _truncated(answer: Answer) -> Answer:
    return replace(answer, truncate_after=20)


BROKEN: Mapping[str, Case] = {
    "HTML on /v2/": Case(
        network=_always(html()), verdict=("not as a registry", "captive portal"), red=frozenset({"http"})
    ),
    "a redirect to a portal": Case(
        network=_always(captive_portal()), verdict=("not as a registry",), red=frozenset({"http"})
    ),
    "404 on /v2/": Case(
        network=_always(Answer(404, b"404 page not found\n")), verdict=("not as a registry",), red=frozenset({"http"})
    ),
    "429 for the manifest": Case(
        network=_served(lambda _: instead(ScriptedRegistry(), "/manifests/", rate_limited("3600"))),
        verdict=("lets nobody ask more for now", "429"),
        red=frozenset({"content.manifest", "limits.rate"}),
    ),
    "503 for everything": Case(
        network=_always(failure(503, "UNAVAILABLE", "come back later", headers={"Retry-After": "3600"})),
        verdict=("in trouble itself", "503"),
        red=frozenset({"content.manifest", "limits.rate"}),
    ),
    "500 for the manifest": Case(
        network=_served(lambda _: instead(ScriptedRegistry(), "/manifests/", failure(500, "UNKNOWN", "disk is full"))),
        verdict=("in trouble itself", "500", "disk is full"),
        red=frozenset({"content.manifest"}),
    ),
    "401 without a challenge": Case(
        network=_always(failure(401, "UNAUTHORIZED", "who are you")),
        verdict=("401",),
        red=frozenset({"auth.challenge"}),
    ),
    "a wrong password": Case(
        network=_served(
            lambda _: ScriptedRegistry(access=basic(USER, PASSWORD)), "--username", USER, "--password", "wrong"
        ),
        verdict=("does not let you in", "credential"),
        red=frozenset({"auth.login"}),
    ),
    "no such repository": Case(
        network=_served(lambda _: instead(ScriptedRegistry(), "/v2/.+", failure(404, "NAME_UNKNOWN", "app"))),
        verdict=("what is asked for is not there",),
        red=frozenset({"content.manifest"}),
    ),
    "no such tag": Case(
        network=_served(lambda _: ScriptedRegistry(), name="app:absent"),
        verdict=("lets you in; what is asked for is not there",),
        red=frozenset({"content.manifest"}),
    ),
    "a manifest of another digest": Case(
        network=_served(lambda _: wrong_digest(ScriptedRegistry(), "/manifests/")),
        verdict=("the manifest comes damaged", "received sha256:"),
        red=frozenset({"content.manifest"}),
    ),
    "a manifest that ends early": Case(
        network=_served(lambda _: spoilt(ScriptedRegistry(), "/manifests/", _truncated)),
        verdict=("the manifest comes damaged", "bytes are missing"),
        red=frozenset({"content.manifest"}),
    ),
    "a token server that is dropped": Case(
        network=_tokens("dropped"), verdict=("token", "dropped"), red=frozenset({"auth.realm"})
    ),
    "a token server that refuses": Case(
        network=_tokens("refused"), verdict=("token", "refused"), red=frozenset({"auth.realm"})
    ),
    "a token server with a page": Case(network=_tokens(html()), verdict=("token",), red=frozenset({"auth.token"})),
    "a token server with 500": Case(
        network=_tokens(failure(500, "UNKNOWN", "no database")), verdict=("token", "500"), red=frozenset({"auth.token"})
    ),
    "a token without the scope": Case(
        network=_served(_without_scope), verdict=("does not let you in",), red=frozenset({"auth.login"})
    ),
    "a blob store that is dropped": Case(
        network=_blobs("dropped"),
        verdict=("sends to another place for blobs", "in the way. http://127.0.0.1:", "dropped"),
        red=frozenset({"content.redirect"}),
    ),
    "a blob store that refuses": Case(
        network=_blobs("refused"),
        verdict=("sends to another place for blobs", "refused"),
        red=frozenset({"content.redirect"}),
    ),
    "a blob store with 403": Case(
        network=_blobs(Answer(403, b"<Error><Code>AccessDenied</Code></Error>")),
        verdict=("a blob is refused", "403"),
        red=frozenset({"content.blob"}),
    ),
}


def _with_tokens(stack: ExitStack) -> Answering:
    tokens = TokenServer(anonymous=True)
    return by_path({"/token": tokens, "/": ScriptedRegistry(access=bearer("/token", tokens))})


def _with_store(stack: ExitStack) -> Answering:
    registry = ScriptedRegistry()
    store = stack.enter_context(serving(registry))

    def elsewhere(request: Request) -> Answer:
        return redirect_to(f"{store.url}{request.target}")

    return instead(registry, "/blobs/", elsewhere)


@contextmanager
def _embedded(folder: Path) -> Iterator[Asking]:
    with registry() as running:
        put_image(running.address, "app", "v1")
        yield Asking(alone(folder), (f"{running.address}/app:v1",))


@contextmanager
def _index(folder: Path) -> Iterator[Asking]:
    image, here = random_image(), Platform.here()
    described = {
        "mediaType": OCI_MANIFEST,
        "digest": str(image.digest),
        "size": len(image.manifest),
        "platform": {"os": here.os, "architecture": here.architecture},
    }
    document = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [described]}).encode()
    with registry() as running:
        put_image(running.address, "app", "one", image)
        put_manifest(running.address, "app", "all", document, media_type=OCI_INDEX)
        yield Asking(alone(folder), (f"{running.address}/app:all",))


_ALL_IS_WELL = ("All is well",)
WELL: Mapping[str, Case] = {
    "boxship's own registry": Case(network=_embedded, verdict=_ALL_IS_WELL),
    "an index with this machine's platform": Case(network=_index, verdict=_ALL_IS_WELL),
    "a password": Case(
        network=_served(
            lambda _: ScriptedRegistry(access=basic(USER, PASSWORD)), "--username", USER, "--password", PASSWORD
        ),
        verdict=_ALL_IS_WELL,
    ),
    "tokens": Case(network=_served(_with_tokens), verdict=_ALL_IS_WELL),
    "blobs elsewhere": Case(network=_served(_with_store), verdict=_ALL_IS_WELL),
    "IPv6": Case(network=_served(lambda _: ScriptedRegistry(), host="::1"), verdict=_ALL_IS_WELL),
}
