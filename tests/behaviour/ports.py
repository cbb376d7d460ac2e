"""What may be found on a registry's port, by name; each records what it is asked.

The same listeners stand on loopback, in the tests' own process, and in a network namespace, as a program:
`python -m tests.behaviour.ports FOLDER ADDRESS:PORT=NAME …`, until it is ended.
"""

from __future__ import annotations

__all__ = ["PASSWORD", "PLAIN_TAG", "TLS_TAG", "USER", "Port", "certificates", "main", "open_port", "record_of"]

import signal
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from boxship.testing import (
    NEVER,
    PROTOCOL_VERSION,
    RESET,
    Answer,
    Answering,
    Listener,
    Place,
    Request,
    ScriptedRegistry,
    TokenServer,
    alert,
    basic,
    bearer,
    by_path,
    captive_portal,
    close_after_hello,
    failure,
    garbage,
    html,
    http_proxy,
    instead,
    mute,
    random_image,
    redirect_to,
    reset_after_hello,
    serving,
    socks5_proxy,
    spoilt,
    tls,
)
from tests.behaviour.record import recording
from tests.peers.certificates import issue

USER, PASSWORD = "alice", "secret"
PLAIN_TAG, TLS_TAG = "over-plain", "over-tls"
SLOW, VERY_SLOW = 1.0, 3.0  # seconds before a slow server's handshake
LONG = "50"  # seconds that a server in trouble asks to wait

Opened = AbstractContextManager[Listener]


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """Where a listener is to be, and the folder with certificates and records."""

    host: str
    port: int
    folder: Path
    record: str

    @property
    def file(self) -> Path:
        """Where its requests are written."""
        return self.folder / self.record

    def context(self, name: str) -> ssl.SSLContext:
        """A server's context with one of the certificates."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / name / "chain.pem", self.folder / name / "key.pem")
        return context


def certificates(folder: Path, *names: str) -> None:
    """Issue, all by the authority `root.pem`: a `good` certificate, an `expired` and a `wrong-name` one."""
    import trustme  # not needed where the certificates are only served

    authority = trustme.CA()
    past = datetime(2020, 1, 1, tzinfo=UTC)
    for kind, names_of_it, end in (("good", names, None), ("expired", names, past), ("wrong-name", ["x.test"], None)):
        (folder / kind).mkdir()
        issue(folder / kind, *names_of_it, authority=authority, not_after=end)
    authority.cert_pem.write_to_path(str(folder / "root.pem"))


def _challenging(tag: str) -> ScriptedRegistry:
    return ScriptedRegistry(tags=[tag], access=basic(USER, PASSWORD))


def _with_tokens(tag: str, *, realm: str = "/token", delay: float = 0.0) -> Answering:
    tokens = TokenServer(USER, PASSWORD)
    registry = ScriptedRegistry(tags=[tag], access=bearer(realm, tokens))
    late = spoilt(tokens, "", lambda answer: replace(answer, delay=delay))
    return by_path({"/token": late, "/": registry})


def _moved(request: Request) -> Answer:
    return redirect_to(f"https://{request.headers['host']}{request.target}", 301)


def _unavailable(wait: str = "") -> Answer:
    return failure(503, "UNAVAILABLE", "come back later", headers={"Retry-After": wait} if wait else {})


def _stalled() -> Answering:
    return spoilt(ScriptedRegistry(), "/tags/", lambda answer: replace(answer, stall_after=5))


def _takes_anything(request: Request) -> Answer:
    return Answer(201) if request.method not in ("GET", "HEAD") else ScriptedRegistry(tags=[PLAIN_TAG])(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """An answer over TLS: what is answered, with which certificate, and how the server is about it."""

    answer: Callable[[], Answer | Answering]
    certificate: str = "good"
    delay: float = 0.0
    single_threaded: bool = False


PLAIN: Mapping[str, Callable[[], Answer | Answering]] = {
    "open": lambda: ScriptedRegistry(tags=[PLAIN_TAG]),
    "open, large": lambda: ScriptedRegistry(tags=[PLAIN_TAG], image=random_image(layer_size=20_000)),
    "basic": lambda: _challenging(PLAIN_TAG),
    "bearer": lambda: _with_tokens(PLAIN_TAG),
    "takes anything": lambda: _takes_anything,
    "moved to TLS": lambda: _moved,
    "portal": html,
    "portal elsewhere": captive_portal,
    "resets": lambda: RESET,
    "never answers": lambda: instead(ScriptedRegistry(), "/tags/", NEVER),
    "stalls": _stalled,
    "long wait": lambda: instead(ScriptedRegistry(), "/tags/", _unavailable(LONG)),
    "slow tokens": lambda: _with_tokens(PLAIN_TAG, delay=60),
    "tokens on port 9999": lambda: _with_tokens(PLAIN_TAG, realm="http://reg.test:9999/token"),
}
_BASIC = partial(_challenging, TLS_TAG)
SECURED: Mapping[str, Secured] = {
    "TLS": Secured(answer=_BASIC),
    "slow TLS": Secured(answer=_BASIC, delay=SLOW),
    "very slow TLS": Secured(answer=_BASIC, delay=VERY_SLOW),
    "single-threaded TLS": Secured(answer=_BASIC, single_threaded=True),
    "TLS, 503": Secured(answer=_unavailable),
    "TLS, tokens elsewhere": Secured(answer=partial(_with_tokens, TLS_TAG, realm="https://auth.test/token")),
    "expired": Secured(answer=_BASIC, certificate="expired"),
    "slow expired": Secured(answer=_BASIC, certificate="expired", delay=SLOW),
    "wrong name": Secured(answer=_BASIC, certificate="wrong-name"),
}
BARE: Mapping[str, Callable[..., Opened]] = {
    "mute": mute,
    "resets hello": reset_after_hello,
    "hangs up": close_after_hello,
    "garbage": garbage,
    "TLS alert": partial(alert, PROTOCOL_VERSION),
}


PROXIES: Mapping[str, Callable[..., Opened]] = {
    "proxy": http_proxy,
    "slow proxy": partial(http_proxy, delay=SLOW),
    "mute proxy": partial(http_proxy, mute=True),
    "proxy, 403": partial(http_proxy, instead=Answer(403)),
    "proxy, 502": partial(http_proxy, instead=Answer(502)),
    "proxy, 504": partial(http_proxy, instead=Answer(504)),
    "proxy, 407": partial(http_proxy, user="bob", password="builder"),
    "SOCKS5 proxy": socks5_proxy,
    "SOCKS5 proxy, not allowed": partial(socks5_proxy, reply=2),
}


def _known_names() -> Mapping[str, Place]:
    """Where the names of the hosts file are, for a proxy: the first address of each, on every port that is served."""
    lines = [line.split() for line in Path("/etc/hosts").read_text("utf-8").splitlines()]
    names = {line[1]: line[0] for line in reversed(lines) if len(line) > 1}
    return {f"{name}:{port}": Place(address, port) for name, address in names.items() for port in (443, 80, 5000)}


def open_port(name: str, port: Port) -> Opened:
    """The listener of that name."""
    if name in PROXIES:
        return PROXIES[name](_known_names(), host=port.host, port=port.port)
    if name in PLAIN:
        return serving(recording(PLAIN[name](), port.file), host=port.host, port=port.port)
    if name in BARE:
        return BARE[name](host=port.host, port=port.port)
    secured = SECURED[name]
    return tls(
        recording(secured.answer(), port.file),
        port.context(secured.certificate),
        host=port.host,
        port=port.port,
        delay=secured.delay,
        single_threaded=secured.single_threaded,
    )


def record_of(place: str) -> str:
    """The name of the file in which a place's requests are written."""
    return f"{place}.jsonl"


def main() -> None:
    folder, *words = sys.argv[1:]
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with ExitStack() as stack:
        for word in words:
            place, _, name = word.partition("=")
            host, _, port = place.rpartition(":")
            where = Port(host=host.strip("[]"), port=int(port), folder=Path(folder), record=record_of(place))
            stack.enter_context(open_port(name, where))
        print("ready", flush=True)  # noqa: T201 (the starter may wait for it)
        ended.wait()


if __name__ == "__main__":
    main()
