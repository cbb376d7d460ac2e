"""Proxies that are in the way: they refuse, hang, close, or show a page."""

from __future__ import annotations

__all__ = ["BROKEN", "WELL"]

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from boxship.testing import (
    Answer,
    ScriptedRegistry,
    close_after_hello,
    html,
    http_proxy,
    refused,
    serving,
    socks5_proxy,
)
from tests.behaviour.scene import HOST
from tests.doctor.case import Asking, Case, Network, alone

RED = frozenset({"reach"})


def _proxy(what: str) -> Network:
    """The only way to `reg.test` is a proxy that is that."""

    @contextmanager
    def network(folder: Path) -> Iterator[Asking]:
        with ExitStack() as stack:
            url = _url(stack, what)
            yield Asking(alone(folder), (f"{HOST}/app:v1",), {"HTTPS_PROXY": url})

    return network


def _url(stack: ExitStack, what: str) -> str:
    if what == "SOCKS, refused":
        return stack.enter_context(socks5_proxy(reply=2)).url
    if what == "refused":
        return f"http://{stack.enter_context(refused()).address}"
    if what == "closes":
        return f"http://{stack.enter_context(close_after_hello()).address}"
    if what == "mute":
        return stack.enter_context(http_proxy(mute=True)).url
    if what == "407":
        return stack.enter_context(http_proxy(user="bob", password="builder")).url
    return stack.enter_context(http_proxy(instead=html(200) if what == "a page" else Answer(int(what)))).url


@contextmanager
def _behind_a_proxy(folder: Path) -> Iterator[Asking]:
    with serving(ScriptedRegistry()) as server, http_proxy({f"{HOST}:80": server}) as proxy:
        yield Asking(alone(folder), (f"http://{HOST}/app:v1",), {"HTTP_PROXY": proxy.url, "http_proxy": proxy.url})


_THROUGH = "Through the proxy"
BROKEN: Mapping[str, Case] = {
    "a proxy that wants a password": Case(network=_proxy("407"), verdict=(_THROUGH, "407"), red=RED),
    "a proxy with 502": Case(network=_proxy("502"), verdict=(_THROUGH, "502"), red=RED),
    "a proxy with 403": Case(network=_proxy("403"), verdict=(_THROUGH, "403"), red=RED),
    "a proxy that hangs": Case(
        network=_proxy("mute"), verdict=(_THROUGH, "accepts the connection and says nothing"), red=RED
    ),
    "a proxy that closes": Case(network=_proxy("closes"), verdict=(_THROUGH,), red=RED),
    "a proxy that refuses": Case(network=_proxy("refused"), verdict=(_THROUGH, "refuse"), red=RED),
    "a proxy with a page": Case(network=_proxy("a page"), verdict=(_THROUGH,), red=RED),
    "a SOCKS proxy that does not allow it": Case(
        network=_proxy("SOCKS, refused"), verdict=(_THROUGH, "socks5"), red=RED
    ),
}
WELL: Mapping[str, Case] = {"a proxy": Case(network=_behind_a_proxy, verdict=("All is well", _THROUGH))}
