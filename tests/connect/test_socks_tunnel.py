from __future__ import annotations

import pytest

from boxship.connect.evidence import Evidence
from boxship.connect.tunnel import Tunnel, TunnelFailed, tunnel
from tests.connect.tunnels import FEEDS, Feed, failure, opened, proxy

feeds = pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
PROXY = "socks5://proxy.corp:1080"
LOG_IN = "socks5://user:hunter2@proxy.corp:1080"
FREE, WITH_PASSWORD, ACCEPTED = b"\x05\x00", b"\x05\x02", b"\x01\x00"
REPLY = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"
NAME_REPLY = b"\x05\x00\x00\x03\x04here\x12\x34"
IPV6_REPLY = b"\x05\x00\x00\x04" + bytes(16) + b"\x12\x34"


def through(url: str = PROXY, host: str = "reg.corp", port: int = 443) -> Tunnel:
    return tunnel(proxy(url), host, port, "boxship/1")


@feeds
@pytest.mark.parametrize("reply", [REPLY, NAME_REPLY, IPV6_REPLY])
def test_the_last_byte_of_the_reply_opens_the_tunnel(reply: bytes, feed: Feed) -> None:
    assert opened(through(), FREE + reply, feed) == b"\x05\x01\x00\x05\x01\x00\x03\x08reg.corp\x01\xbb"


@feeds
def test_a_proxy_may_want_the_log_in_or_not(feed: Feed) -> None:
    request = b"\x05\x01\x00\x03\x08reg.corp\x01\xbb"
    assert opened(through(LOG_IN), FREE + REPLY, feed) == b"\x05\x02\x00\x02" + request
    sent = opened(through(LOG_IN), WITH_PASSWORD + ACCEPTED + REPLY, feed)
    assert sent == b"\x05\x02\x00\x02\x01\x04user\x07hunter2" + request


def test_nothing_is_said_before_the_proxy_has_answered() -> None:
    conversation = through(LOG_IN)
    assert conversation.begin() == b"\x05\x02\x00\x02"
    assert conversation.receive(b"\x05") == b""
    assert conversation.receive(b"\x02").startswith(b"\x01\x04user")
    assert conversation.receive(b"\x01") == b""
    assert conversation.receive(b"\x00").startswith(b"\x05\x01\x00\x03")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("reg.corp", b"\x03\x08reg.corp"),
        ("10.1.2.3", b"\x01\x0a\x01\x02\x03"),
        ("::ffff:10.1.2.3", b"\x01\x0a\x01\x02\x03"),
        ("fd00::1", b"\x04\xfd" + bytes(14) + b"\x01"),
        ("fe80::1%eth0", b"\x04\xfe\x80" + bytes(13) + b"\x01"),
    ],
)
def test_names_go_as_names_and_addresses_as_addresses(host: str, address: bytes) -> None:
    conversation = through(host=host, port=5000)
    conversation.begin()
    assert conversation.receive(FREE) == b"\x05\x01\x00" + address + b"\x13\x88"


@pytest.mark.parametrize("host", ["", "a" * 256, "é.corp"])
def test_a_host_that_cannot_be_written_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"no name of|ascii"):
        through(host=host)


@feeds
@pytest.mark.parametrize(
    ("code", "evidence", "why"),
    [
        (1, Evidence.PROXY, "it failed in general, and does not say how"),
        (2, Evidence.PROXY, "its rules do not permit it"),
        (3, Evidence.UNREACHABLE, "the network is unreachable"),
        (4, Evidence.UNREACHABLE, "the host is unreachable, or has no such name"),
        (5, Evidence.REFUSED, "the connection was refused"),
        (6, Evidence.SILENT, "nothing came back in time (TTL expired)"),
        (7, Evidence.PROXY, "it does not know the command CONNECT"),
        (8, Evidence.PROXY, "it does not know this type of address"),
        (9, Evidence.PROXY, "it replies with code 9, which has no meaning"),
        (255, Evidence.PROXY, "it replies with code 255, which has no meaning"),
    ],
)
def test_every_reply_says_what_it_shows_in_plain_words(code: int, evidence: Evidence, why: str, feed: Feed) -> None:
    # Some proxies send no address with it, and some close in the middle.
    for reply in (bytes((5, code)), bytes((5, code)) + REPLY[2:]):
        error = failure(through(), FREE + reply, feed)
        assert error.evidence is evidence
        assert error.words == f"the proxy socks5://proxy.corp:1080 did not connect to reg.corp:443: {why}"
        way = "look at what" if evidence is Evidence.PROXY else "check the address"
        assert error.remedy.startswith(way)
        assert error.remedy.endswith(" add reg.corp to NO_PROXY")


@feeds
@pytest.mark.parametrize(
    ("url", "said", "words"),
    [
        (PROXY, b"\x05\xff", "asks for a log-in, and none was sent"),
        (LOG_IN, b"\x05\xff", "asks for a log-in, and does not accept a user's name with a password"),
        (LOG_IN, WITH_PASSWORD + b"\x01\x01", "does not accept the log-in that was sent"),
    ],
)
def test_a_log_in_that_is_missing_or_wrong_says_how_one_is_written(
    url: str, said: bytes, words: str, feed: Feed
) -> None:
    error = failure(through(url), said, feed)
    assert (error.evidence, error.words) == (Evidence.PROXY, f"the proxy socks5://proxy.corp:1080 {words}")
    assert error.remedy == ("write HTTPS_PROXY=socks5://user:password@proxy.corp:1080, special characters as %40 for @")
    assert "hunter2" not in f"{error} {error!r}"


@feeds
@pytest.mark.parametrize(
    ("url", "said", "words"),
    [
        (PROXY, WITH_PASSWORD, "it chose method 2 to log in, which was not offered"),
        (LOG_IN, b"\x05\x01", "it chose method 1 to log in, which was not offered"),
        (PROXY, FREE + b"\x05\x00\x00\x02\x00", "its reply has an address of type 2, which SOCKS5 does not know"),
    ],
)
def test_a_proxy_that_breaks_the_rules_is_told_so(url: str, said: bytes, words: str, feed: Feed) -> None:
    error = failure(through(url), said, feed)
    assert error.evidence is Evidence.PROXY
    assert error.words == f"the proxy socks5://proxy.corp:1080 does not speak SOCKS5 as it should: {words}"


def test_the_longest_parts_are_carried() -> None:
    conversation = through(f"socks5://{'u' * 255}:{'p' * 255}@proxy.corp", host="a" * 255)
    assert conversation.receive(WITH_PASSWORD) == b"\x01\xff" + b"u" * 255 + b"\xff" + b"p" * 255
    assert conversation.receive(ACCEPTED) == b"\x05\x01\x00\x03\xff" + b"a" * 255 + b"\x01\xbb"


@pytest.mark.parametrize("userinfo", [f"{'u' * 256}:p", f"u:{'hunter2' * 40}"])
def test_a_log_in_that_is_too_long_is_not_cut(userinfo: str) -> None:
    conversation = through(f"socks5://{userinfo}@proxy.corp")
    with pytest.raises(TunnelFailed, match="is too long: SOCKS5 carries 255 bytes") as caught:
        conversation.receive(WITH_PASSWORD)
    assert "hunter2" not in str(caught.value)


@feeds
@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "write http://proxy.corp:1080 in HTTPS_PROXY"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "write https://proxy.corp:1080 in HTTPS_PROXY"),
        (b"\x05\x02\x05\x00", "check the address and port that HTTPS_PROXY says"),
        (b"\x00\x5b", "check the address and port that HTTPS_PROXY says"),
        (FREE + b"\x04", "check the address and port that HTTPS_PROXY says"),
    ],
)
def test_a_proxy_that_speaks_another_language_is_told_from_one_that_refuses(
    said: bytes, remedy: str, feed: Feed
) -> None:
    error = failure(through(LOG_IN), said, feed)
    assert (error.evidence, error.remedy) == (Evidence.PROXY, remedy)


@feeds
def test_bytes_after_the_reply_are_refused(feed: Feed) -> None:
    error = failure(through(), FREE + REPLY + b"\x16", feed)
    assert error.evidence is Evidence.PROXY
    assert "sent bytes of its own after that" in error.words


WHOLE = WITH_PASSWORD + ACCEPTED + NAME_REPLY


@feeds
@pytest.mark.parametrize("cut", range(len(WHOLE)))
def test_a_conversation_that_is_cut_short_opens_nothing(cut: int, feed: Feed) -> None:
    error = failure(through(LOG_IN), WHOLE[:cut], feed, ends=True)
    how = "in the middle of its answer" if cut else "without an answer"
    assert error.evidence is Evidence.PROXY
    assert error.words == f"the proxy socks5://proxy.corp:1080 closed the connection {how} to CONNECT reg.corp:443"
