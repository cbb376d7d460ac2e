"""Conversations with a proxy, without a socket: what it says is fed whole or in pieces."""

from __future__ import annotations

__all__ = ["FEEDS", "Feed", "failure", "opened", "proxy", "tell"]

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import pytest

from boxship.connect.tunnel import Tunnel, TunnelFailed
from boxship.settings.proxies import Proxy

Feed: TypeAlias = Callable[[bytes], Iterable[bytes]]

FEEDS: Mapping[str, Feed] = {
    "whole": lambda content: (content,),
    "byte by byte": lambda content: (content[at : at + 1] for at in range(len(content))),
    "in pieces of seven": lambda content: (content[at : at + 7] for at in range(0, len(content), 7)),
}


def proxy(url: str = "http://proxy.corp:3128") -> Proxy:
    return Proxy.parse(url, "HTTPS_PROXY")


def opened(through: Tunnel, answer: bytes, feed: Feed) -> bytes:
    """What is sent while the proxy's whole answer comes; the target must be reached then, and not before."""
    sent = through.begin()
    for piece in feed(answer):
        assert not through.open
        sent += through.receive(piece)
    assert through.open
    return sent


def failure(through: Tunnel, answer: bytes, feed: Feed, *, ends: bool = False) -> TunnelFailed:
    """How the tunnel fails on the answer, after which the proxy `ends` the connection or says nothing more."""
    through.begin()
    with pytest.raises(TunnelFailed) as caught:
        tell(through, (*feed(answer), *((b"",) if ends else ())))
    return caught.value


def tell(through: Tunnel, pieces: Iterable[bytes]) -> None:
    """Let it receive one piece after the other."""
    for piece in pieces:
        through.receive(piece)
