"""Every place where a secret can stand: each a scene in which it really is sent, and what is run in it.

`MARK` is the secret in all of them; `forms` are the ways in which it could be written anywhere.
"""

from __future__ import annotations

__all__ = ["MARK", "PLACES", "Play", "forms"]

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

from boxship import Client
from boxship.testing import (
    Answer,
    Answering,
    Issued,
    Request,
    ScriptedRegistry,
    Server,
    TokenServer,
    basic,
    bearer,
    by_path,
    http_proxy,
    json_answer,
    redirect_to,
    serving,
)
from boxship.testing.access import Access
from tests.auth.guarded import pair, write_config

MARK = "M4rk+of/a~Secret"
GOOD = ScriptedRegistry()
DIGEST = next(iter(GOOD.image.blobs))


def forms(secret: str) -> tuple[str, ...]:
    """The secret, in percent-encoding, in hexadecimal, and in Base64 (at any place in what was encoded)."""
    raw = secret.encode()
    encoded = [_middle(base64.b64encode(b"-" * before + raw).decode(), before) for before in range(3)]
    urlsafe = [text.replace("+", "-").replace("/", "_") for text in encoded]
    return (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), raw.hex(), *encoded, *urlsafe)


def _middle(encoded: str, before: int) -> str:
    """What does not depend on the bytes around it: each character has six bits."""
    start, whole = (0, 2, 3)[before], encoded.rstrip("=")
    return whole[start:-1]


@dataclass(frozen=True, slots=True)
class Play:
    """What is run in a scene: the command, and the same in Python; `told` is all that went over the wire."""

    words: tuple[str, ...]
    call: Callable[[Client], object]
    told: list[str]
    options: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    given: str = ""


# A place opens its scene in a folder of its own; what is asked for at the end gets `answer`, if there is one.
Place = Callable[[Path, Answer | None], AbstractContextManager[Play]]
PLACES: dict[str, Place] = {}


def _place(name: str) -> Callable[[Callable[[Path, Answer | None], Iterator[Play]]], None]:
    def enter(scene: Callable[[Path, Answer | None], Iterator[Play]]) -> None:
        PLACES[name] = contextmanager(scene)

    return enter


@contextmanager
def _recording(answering: Answering, told: list[str]) -> Iterator[Server]:
    """A server, and all that it hears and says."""

    def recorded(request: Request) -> Answer:
        answer = answering(request)
        told.append(f"{request.target} {dict(request.headers)} {request.body!r} {answer.headers} {answer.body!r}")
        return answer

    with serving(recorded) as server:
        yield server


def _ended(registry: Answering, answer: Answer | None) -> Answering:
    """The registry, where whatever is not refused is answered with `answer`."""

    def answering(request: Request) -> Answer:
        good = registry(request)
        return good if answer is None or good.status in (401, 307) else answer

    return answering


def _tags(server: Server) -> Callable[[Client], object]:
    return lambda client: list(client.tags(f"{server.url}/app"))


def _listing(server: Server, told: list[str], *words: str, given: str = "", **options: object) -> Play:
    return Play((*words, f"{server.url}/app"), _tags(server), told, options, given=given)


# Credentials: told, in docker's settings, of a helper.


@_place("--password-stdin")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    with _recording(_ended(ScriptedRegistry(access=basic("ana", MARK)), answer), told) as server:
        words = ("ls", "--username", "ana", "--password-stdin")
        yield _listing(server, told, *words, given=f"{MARK}\n", username="ana", password=MARK)


@_place("--password, for a token")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told, tokens = list[str](), TokenServer("ana", MARK)
    registry = ScriptedRegistry(access=bearer("/token", tokens))
    with _recording(by_path({"/token": answer or tokens, "/": registry}), told) as server:
        yield _listing(server, told, "ls", "--username", "ana", "--password", MARK, username="ana", password=MARK)


def _configured(folder: Path, server: Server, told: list[str], **entry: str) -> Play:
    config = write_config(folder / "docker", auths={server.address: entry})
    return _listing(server, told, "ls", "--config", config, config=config)


@_place("docker's settings")
def _(folder: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    with _recording(_ended(ScriptedRegistry(access=basic("ana", MARK)), answer), told) as server:
        yield _configured(folder, server, told, auth=pair(f"ana:{MARK}"))


@_place("a helper's secret")
def _(folder: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    helper = folder / "docker-credential-marked"
    helper.write_text(f"#!/bin/sh\necho '{json.dumps({'Username': 'ana', 'Secret': MARK})}'\n")
    helper.chmod(0o755)
    with _recording(_ended(ScriptedRegistry(access=basic("ana", MARK)), answer), told) as server:
        config = write_config(folder / "docker", credsStore="marked")
        environment = {"PATH": f"{folder}:/usr/bin:/bin"}
        yield Play(
            ("ls", "--config", config, f"{server.url}/app"), _tags(server), told, {"config": config}, environment
        )


@_place("an identity token")
def _(folder: Path, answer: Answer | None) -> Iterator[Play]:
    told, tokens = list[str](), TokenServer("ana", "x", refresh_token=MARK)
    registry = ScriptedRegistry(access=bearer("/token", tokens))
    with _recording(by_path({"/token": answer or tokens, "/": registry}), told) as server:
        yield _configured(folder, server, told, identitytoken=MARK)


class _One:
    """Issues one token, `MARK`, and accepts that."""

    issued: tuple[Issued, ...] = ()

    def accepts(self, token: str, _: str) -> bool:
        return token == MARK

    def __call__(self, _: Request) -> Answer:
        return json_answer({"token": MARK})


@_place("a registry token")
def _(folder: Path, answer: Answer | None) -> Iterator[Play]:
    told, access = list[str](), bearer("/token", _One())
    with _recording(_ended(ScriptedRegistry(access=access), answer), told) as server:
        yield _configured(folder, server, told, registrytoken=MARK)


@_place("a token server's token")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told, one = list[str](), _One()
    registry = _ended(ScriptedRegistry(access=bearer("/token", one)), answer)
    with _recording(by_path({"/token": one, "/": registry}), told) as server:
        yield _listing(server, told, "ls")


# What a server writes.


def _challenging(realm: str) -> Access:
    return bearer(realm, TokenServer("ana", "x", anonymous=True))


@_place("a realm's query")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told, one = list[str](), _One()
    registry = ScriptedRegistry(access=bearer(f"/token?key={quote(MARK, safe='')}", one))
    with _recording(by_path({"/token": answer or one, "/": registry}), told) as server:
        yield _listing(server, told, "ls")


@_place("a realm's user")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    registry = ScriptedRegistry(access=_challenging(f"http://ana:{quote(MARK, safe='')}@127.0.0.1:1/token"))
    with _recording(_ended(registry, answer), told) as server:
        yield _listing(server, told, "ls")


def _away(whereto: str) -> Answering:
    return by_path({"/v2/app/blobs/": redirect_to(whereto), "/": GOOD})


def _blob(server: Server, told: list[str], **environment: str) -> Play:
    name = f"{server.url}/app@{DIGEST}"
    return Play(("blob", name), lambda client: client.read_blob(name), told, environment=environment)


@_place("a redirect's signed query")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    with _recording(lambda _: answer or Answer(200, GOOD.image.blobs[DIGEST]), told) as store:
        signed = f"{store.url}/b?X-Amz-Signature={quote(MARK, safe='')}&{quote(MARK, safe='')}"
        with _recording(_away(signed), told) as server:
            yield _blob(server, told)


@_place("a redirect's user")
def _(_: Path, __: Answer | None) -> Iterator[Play]:
    told = list[str]()
    with _recording(_away(f"https://ana:{quote(MARK, safe='')}@store.test/b"), told) as server:
        yield _blob(server, told)


def _linked(target: str, answer: Answer | None) -> Answering:
    def answering(request: Request) -> Answer:
        if "sig=" in request.target:
            return answer or json_answer({"tags": ["v3"]})
        return json_answer({"tags": ["v1", "v2"]}, headers={"Link": f'<{target}>; rel="next"'})

    return answering


@_place("a link's signed query")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    target = f"/v2/app/tags/list?last=v2&sig={quote(MARK, safe='')}"
    with _recording(_linked(target, answer), told) as server:
        yield _listing(server, told, "ls")


@_place("a link's user")
def _(_: Path, __: Answer | None) -> Iterator[Play]:
    told = list[str]()
    target = f"http://ana:{quote(MARK, safe='')}@127.0.0.1/v2/app/tags/list?last=v2"
    with _recording(_linked(target, None), told) as server:
        yield _listing(server, told, "ls")


@_place("a cookie that is set")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    tags = Answer(200, b'{"tags":["v1"]}', headers={"Set-Cookie": f"id={MARK}"})
    with _recording(lambda _: answer or tags, told) as server:
        told.append(f"{tags.headers}")
        yield _listing(server, told, "ls")


# What a user writes.


def _asked(server: Server, told: list[str], path: str, *words: str, method: str = "GET", **asked: object) -> Play:
    def call(client: Client) -> object:
        with client.api(method, server.url, path, **asked) as response:  # type: ignore[arg-type] # of their kinds
            return response.read(1000)

    return Play(("api", method, f"{server.url}{path}", *words), call, told)


@_place("api's header")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    with _recording(_ended(GOOD, answer), told) as server:
        yield _asked(server, told, "/v2/", "-H", f"X-Own: {MARK}", headers={"X-Own": MARK})


@_place("api's cookie")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    with _recording(_ended(GOOD, answer), told) as server:
        yield _asked(server, told, "/v2/", "-H", f"Cookie: id={MARK}", headers={"Cookie": f"id={MARK}"})


@_place("--header")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    with _recording(_ended(GOOD, answer), told) as server:
        yield _listing(server, told, "ls", "--header", f"X-Own: {MARK}", headers={"X-Own": MARK})


@_place("--header @FILE")
def _(folder: Path, answer: Answer | None) -> Iterator[Play]:
    told, file = list[str](), folder / "headers"
    file.write_text(f"X-Own: {MARK}\n")
    with _recording(_ended(GOOD, answer), told) as server:
        yield _listing(server, told, "ls", "--header", f"@{file}", headers={"X-Own": MARK})


@_place("api's query")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    with _recording(_ended(GOOD, answer), told) as server:
        yield _asked(server, told, f"/v2/?sig={quote(MARK, safe='')}")


@_place("an upload's body")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    with _recording(lambda _: answer or Answer(201), told) as server:
        path = "/v2/app/manifests/v1"
        yield _asked(server, told, path, "-d", MARK, method="PUT", body=MARK.encode())


@_place("an upload's location")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    begun = Answer(202, headers={"Location": f"/v2/app/blobs/uploads/1?_state={quote(MARK, safe='')}"})
    with _recording(lambda _: answer or begun, told) as server:
        told.append(f"{begun.headers}")
        yield _asked(server, told, "/v2/app/blobs/uploads/", method="POST")


# Proxies.


@_place("a proxy's password")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    with http_proxy(user="ana", password=MARK, instead=answer) as proxy:
        url = f"http://ana:{quote(MARK, safe='')}@{proxy.address}"
        name = "http://reg.test/app"
        play = Play(("ls", name), lambda client: list(client.tags(name)), told, environment={"HTTP_PROXY": url})
        yield play
        told.extend(f"{dict(request.headers)}" for request in proxy.requests)


@_place("a tunnel's password")
def _(_: Path, answer: Answer | None) -> Iterator[Play]:
    told = list[str]()
    with http_proxy(user="ana", password=MARK, instead=answer) as proxy:
        url = f"http://ana:{quote(MARK, safe='')}@{proxy.address}"
        name = "https://reg.test/app"
        play = Play(("ls", name), lambda client: list(client.tags(name)), told, environment={"HTTPS_PROXY": url})
        yield play
        told.extend(f"{dict(request.headers)}" for request in proxy.requests)


@_place("a proxy's password that is refused")
def _(_: Path, __: Answer | None) -> Iterator[Play]:
    told = list[str]()
    with http_proxy(user="ana", password="another") as proxy:
        url = f"http://ana:{quote(MARK, safe='')}@{proxy.address}"
        name = "https://reg.test/app"
        play = Play(("ls", name), lambda client: list(client.tags(name)), told, environment={"HTTPS_PROXY": url})
        yield play
        told.extend(f"{dict(request.headers)}" for request in proxy.requests)
