from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from boxship.connect.evidence import Evidence
from boxship.connect.tunnel import TunnelFailed, tunnel
from boxship.settings.proxies import Proxy

URLS = ["http://u:hunter2@proxy.corp", "http://proxy.corp", "socks5://proxy.corp", "socks5://u:hunter2@proxy.corp"]
PROXIES = st.sampled_from([Proxy.parse(url, "HTTPS_PROXY") for url in URLS])
WORDS = [
    b"HTTP/1.1 ",
    b"HTTP/1.0 ",
    b"100",
    b"200",
    b"407",
    b"403",
    b"502",
    b" OK",
    b"\r\n",
    b"\n",
    b"\r\n\r\n",
    b"\n\n",
]
WORDS += [
    b"Content-Length: 5",
    b"Proxy-Authenticate: Basic",
    b": ",
    b"refused",
    b"x",
    b"\x05",
    b"\x00",
    b"\x01",
    b"\x02",
]
WORDS += [b"\xff", b"\x03", b"\x04", b"\x16", bytes(6)]
ANSWERS = st.binary() | st.lists(st.sampled_from(WORDS), max_size=14).map(b"".join)


def outcome(proxy: Proxy, pieces: Iterable[bytes]) -> tuple[bool, Evidence | None, bool]:
    """Whether the tunnel is open after the pieces, the evidence if it failed, and whether that can be shown."""
    conversation = tunnel(proxy, "reg.corp", 443, "boxship/1")
    conversation.begin()
    try:
        for piece in pieces:
            conversation.receive(piece)
    except TunnelFailed as error:
        shown = f"{error} {error!r}"
        return False, error.evidence, "hunter2" not in shown and shown.isprintable()
    return conversation.open, None, True


@given(PROXIES, ANSWERS, st.sampled_from([(), (b"",)]), st.data())
def test_an_answer_means_the_same_in_whatever_pieces_it_comes(
    proxy: Proxy, answer: bytes, last: tuple[bytes, ...], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(answer)))))
    bounds = [0, *cuts, len(answer)]
    pieces = [answer[start:end] for start, end in pairwise(bounds) if start < end]
    whole = outcome(proxy, [*([answer] if answer else []), *last])
    assert whole[2]
    assert outcome(proxy, [*pieces, *last]) == whole
    assert outcome(proxy, [*(bytes([byte]) for byte in answer), *last]) == whole
    if last:
        assert not whole[0]
        assert whole[1] is not None
