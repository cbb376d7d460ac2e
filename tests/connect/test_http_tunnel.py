from __future__ import annotations

import base64

import pytest

from boxship.connect.evidence import Evidence
from boxship.connect.http_tunnel import LONGEST_HEAD, MOST_INTERIM
from boxship.connect.tunnel import Tunnel, TunnelFailed, tunnel
from tests.connect.tunnels import FEEDS, Feed, failure, opened, proxy, tell

feeds = pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


def through(url: str = "http://proxy.corp:3128", host: str = "reg.corp", port: int = 443) -> Tunnel:
    return tunnel(proxy(url), host, port, "boxship/1")


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", "")
    return "\r\n".join(lines).encode() + body


@pytest.mark.parametrize(
    ("host", "port", "authority"),
    [
        ("reg.corp", 443, "reg.corp:443"),
        ("reg.corp.", 5000, "reg.corp.:5000"),
        ("10.1.2.3", 443, "10.1.2.3:443"),
        ("fd00::1", 5000, "[fd00::1]:5000"),
        ("fe80::1%eth0", 5000, "[fe80::1]:5000"),
    ],
)
def test_the_request_names_the_target_twice_and_who_asks(host: str, port: int, authority: str) -> None:
    head = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: boxship/1\r\n\r\n"
    assert through(host=host, port=port).begin() == head.encode()


@pytest.mark.parametrize(
    ("userinfo", "pair"),
    [("user:s%40cret", b"user:s@cret"), ("user", b"user:"), (":secret", b":secret"), ("%C3%A9:%ff", b"\xc3\xa9:\xff")],
)
def test_the_log_in_of_the_proxy_is_sent_to_it(userinfo: str, pair: bytes) -> None:
    sent = through(f"http://{userinfo}@proxy.corp").begin()
    assert b"\r\nProxy-Authorization: Basic " + base64.b64encode(pair) + b"\r\n" in sent


def test_without_a_log_in_none_is_sent() -> None:
    assert b"uthorization" not in through().begin()


@pytest.mark.parametrize("host", ["reg corp", "reg\r\nX: y", "reg\0", "é.corp"])
def test_a_host_that_would_break_the_request_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="may not be written"):
        through(host=host).begin()


@feeds
@pytest.mark.parametrize(
    "head",
    [
        OPEN,
        b"HTTP/1.0 200 OK\r\nVia: x\r\n\r\n",
        b"HTTP/1.1 200\r\n\r\n",
        b"HTTP/1.1 200 OK\n\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 299 Whatever\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OPEN,
        b"HTTP/1.1 100 Continue\r\n\r\n" * MOST_INTERIM + OPEN,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (LONGEST_HEAD - 24) + b"\r\n\r\n",
    ],
    ids=lambda head: head[:24].decode(),
)
def test_any_2xx_opens_the_tunnel_with_the_last_byte_of_its_head(head: bytes, feed: Feed) -> None:
    conversation = through()
    assert opened(conversation, head, feed) == through().begin()


@feeds
def test_bytes_after_the_answer_are_refused(feed: Feed) -> None:
    error = failure(through(), OPEN + b"\x16", feed)
    assert error.evidence is Evidence.PROXY
    assert error.words == (
        "the proxy http://proxy.corp:3128 opened the way to reg.corp:443, and sent bytes of its own after that"
    )


@feeds
def test_the_body_that_a_2xx_announces_is_bytes_after_the_answer(feed: Feed) -> None:
    error = failure(through(), answer("200 OK", b"hello"), feed)
    assert "sent bytes of its own" in error.words


@feeds
@pytest.mark.parametrize("cut", range(len(OPEN)))
def test_an_answer_that_is_cut_short_opens_nothing(cut: int, feed: Feed) -> None:
    error = failure(through(), OPEN[:cut], feed, ends=True)
    how = "in the middle of its answer" if cut else "without an answer"
    assert error.evidence is Evidence.PROXY
    assert error.words == f"the proxy http://proxy.corp:3128 closed the connection {how} to CONNECT reg.corp:443"


def test_a_tunnel_that_ends_after_it_was_opened_says_so() -> None:
    conversation = through()
    conversation.receive(OPEN)
    with pytest.raises(TunnelFailed, match="closed the connection"):
        conversation.receive(b"")


REFUSED_PAGE = b"<p>The system returned: <i>(111) Connection refused</i></p>"
TIMED_OUT_PAGE = b"<p>The system returned: <i>(110) Connection timed out</i></p>"


@feeds
@pytest.mark.parametrize(
    ("said", "evidence"),
    [
        (answer("502 Bad Gateway"), Evidence.SILENT),
        (answer("503 Service Unavailable"), Evidence.SILENT),
        (answer("504 Gateway Timeout"), Evidence.SILENT),
        (answer("502 Bad Gateway", b"dial tcp: connect: connection refused"), Evidence.REFUSED),
        (answer("502 Connection Refused"), Evidence.REFUSED),
        (answer("503 Service Unavailable", REFUSED_PAGE, "X-Squid-Error: ERR_CONNECT_FAIL 111"), Evidence.REFUSED),
        (answer("503 Service Unavailable", b"", "X-Squid-Error: ERR_CONNECT_FAIL 111"), Evidence.REFUSED),
        (answer("503 Service Unavailable", b"", "X-Squid-Error: ERR_CONNECT_FAIL 61"), Evidence.REFUSED),
        (answer("503 Service Unavailable", TIMED_OUT_PAGE, "X-Squid-Error: ERR_CONNECT_FAIL 110"), Evidence.SILENT),
        (answer("503 Service Unavailable", b"", "X-Squid-Error: ERR_DNS_FAIL 0"), Evidence.SILENT),
        (answer("504 Gateway Timeout", b"x" * 5000 + b" ECONNREFUSED"), Evidence.REFUSED),
        (
            b"HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nplain\r\n0\r\n\r\n",
            Evidence.SILENT,
        ),
        (
            b"HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\n\r\n12\r\nconnection refused\r\n0\r\n\r\n",
            Evidence.REFUSED,
        ),
        (b"HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n", Evidence.SILENT),
    ],
)
def test_a_target_that_was_not_reached_is_silent_unless_the_proxy_says_refused(
    said: bytes, evidence: Evidence, feed: Feed
) -> None:
    error = failure(through(), said, feed)
    assert error.evidence is evidence
    how = "was refused" if evidence is Evidence.REFUSED else "was not reached"
    assert error.words.startswith(f"reg.corp:443 {how} by the proxy http://proxy.corp:3128: 50")
    assert error.remedy == "check the address; if it is to be reached directly, add reg.corp to NO_PROXY"


@feeds
def test_a_page_without_a_length_is_read_until_the_proxy_ends(feed: Feed) -> None:
    head = b"HTTP/1.0 503 Service Unavailable\r\n\r\n"
    assert failure(through(), head + REFUSED_PAGE, feed).evidence is Evidence.REFUSED
    assert failure(through(), head + TIMED_OUT_PAGE, feed, ends=True).evidence is Evidence.SILENT
    assert failure(through(), head, feed, ends=True).evidence is Evidence.SILENT


@feeds
def test_a_page_that_is_cut_short_still_tells_that_the_target_was_not_reached(feed: Feed) -> None:
    error = failure(through(), answer("502 Bad Gateway", b"x" * 100)[:-50], feed, ends=True)
    assert error.evidence is Evidence.SILENT


@feeds
def test_what_comes_after_the_page_is_not_of_it(feed: Feed) -> None:
    assert failure(through(), answer("502 Bad Gateway", b"x") + b" refused", feed).evidence is Evidence.SILENT


def test_a_page_without_end_is_not_read_without_end() -> None:
    conversation = through()
    conversation.receive(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
    with pytest.raises(TunnelFailed, match="was not reached"):
        tell(conversation, [b"x" * 1000] * 1000)


def test_a_page_that_is_not_all_there_is_waited_for() -> None:
    conversation = through()
    conversation.receive(answer("502 Bad Gateway", b"x" * 100)[:-1])
    with pytest.raises(TunnelFailed):
        conversation.receive(b"x")


TROUBLE = "the target cannot be reached from there, or the proxy is in trouble: check both, or add reg.corp to NO_PROXY"


@feeds
@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("403 Forbidden", "have reg.corp:443 permitted there, or add reg.corp to NO_PROXY"),
        ("400 Bad Request", "is it a proxy? check the address and port that HTTPS_PROXY says"),
        ("404 Not Found", "is it a proxy? check the address and port that HTTPS_PROXY says"),
        ("405 Method Not Allowed", "is it a proxy? check the address and port that HTTPS_PROXY says"),
        ("300 Multiple Choices", "is it a proxy? check the address and port that HTTPS_PROXY says"),
        ("302 Found", "is it a proxy? check the address and port that HTTPS_PROXY says"),
        ("429 Too Many Requests", TROUBLE),
        ("500 Unable to connect", TROUBLE),
    ],
)
def test_every_other_answer_is_the_proxys_own(status: str, remedy: str, feed: Feed) -> None:
    error = failure(through(), answer(status, b"connection refused"), feed)
    assert error.evidence is Evidence.PROXY
    how = "did not" if status.startswith("5") else "refuses to"
    assert error.words == f"the proxy http://proxy.corp:3128 {how} connect to reg.corp:443: {status}"
    assert error.remedy == remedy


def test_squids_own_name_for_an_error_is_repeated() -> None:
    said = answer("500 Internal Server Error", b"", "X-Squid-Error: ERR_CANNOT_FORWARD 0\x1b")
    assert "500 Internal Server Error (ERR_CANNOT_FORWARD 0 )" in failure(through(), said, FEEDS["whole"]).words


def test_an_address_stands_in_no_proxy_without_brackets() -> None:
    for status in ("403 Forbidden", "502 Bad Gateway"):
        error = failure(through(host="fd00::1"), answer(status), FEEDS["whole"])
        assert error.remedy.endswith(" add fd00::1 to NO_PROXY")


def test_a_forbidden_port_has_a_remedy_of_its_own() -> None:
    error = failure(through(port=5000), answer("403 Forbidden"), FEEDS["whole"])
    assert error.remedy == "many proxies permit port 443 only: have the port permitted, or add reg.corp to NO_PROXY"


@feeds
@pytest.mark.parametrize(
    ("url", "challenges", "words"),
    [
        (
            "http://proxy.corp:3128",
            ('Basic realm="corp"',),
            "the proxy http://proxy.corp:3128 asks for a log-in, and none was sent: 407 Denied",
        ),
        (
            "http://user:hunter2@proxy.corp:3128",
            ("Negotiate", 'Basic realm="corp"'),
            "the proxy http://proxy.corp:3128 does not accept the log-in that was sent: 407 Denied",
        ),
        (
            "http://proxy.corp:3128",
            (),
            "the proxy http://proxy.corp:3128 asks for a log-in, and none was sent: 407 Denied",
        ),
    ],
)
def test_407_says_whether_a_log_in_was_sent_and_how_one_is_written(
    url: str, challenges: tuple[str, ...], words: str, feed: Feed
) -> None:
    headers = (f"Proxy-Authenticate: {challenge}" for challenge in challenges)
    error = failure(through(url), answer("407 Denied", b"", *headers), feed)
    assert (error.evidence, error.words) == (Evidence.PROXY, words)
    assert error.remedy == ("write HTTPS_PROXY=http://user:password@proxy.corp:3128, special characters as %40 for @")
    assert "hunter2" not in f"{error} {error!r}"


def test_a_wrong_log_in_that_is_answered_with_401_is_one_too() -> None:
    said = answer("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="Tinyproxy"')
    error = failure(through("http://u:p@proxy.corp"), said, FEEDS["whole"])
    assert "does not accept the log-in that was sent: 401 Unauthorized" in error.words


@feeds
def test_407_without_basic_says_what_the_proxy_wants(feed: Feed) -> None:
    said = answer("407 No", b"", "Proxy-Authenticate: Negotiate", 'Proxy-Authenticate: NTLM x="Basic"')
    error = failure(through("http://u:p@proxy.corp"), said, feed)
    assert "asks for a log-in by negotiate or ntlm, and boxship knows Basic alone" in error.words


@pytest.mark.parametrize(
    ("url", "said", "words", "remedy"),
    [
        (
            "http://proxy.corp:3128",
            b"\x15\x03\x01\x00\x02\x02\x28",
            "the proxy http://proxy.corp:3128 speaks TLS, and was asked in HTTP",
            "write https://proxy.corp:3128 in HTTPS_PROXY",
        ),
        (
            "http://proxy.corp:3128",
            b"\x05\xff",
            "the proxy http://proxy.corp:3128 speaks SOCKS5, and was asked in HTTP",
            "write socks5://proxy.corp:3128 in HTTPS_PROXY",
        ),
        (
            "http://proxy.corp:3128",
            b"SSH-2.0-OpenSSH_9\r\n",
            "what is at http://proxy.corp:3128 does not speak HTTP: its answer begins with 'SSH-2.0-OpenSSH_'",
            "check the address and port that HTTPS_PROXY says",
        ),
        (
            "https://proxy.corp",
            b"HTTP/2 200\r\n\r\n",
            "what is at https://proxy.corp:443 does not speak HTTP: its answer begins with 'HTTP/2 200'",
            "check the address and port that HTTPS_PROXY says",
        ),
        (
            "https://proxy.corp",
            b"HTTP/1.1 yes\r\n\r\n",
            "what is at https://proxy.corp:443 does not speak HTTP: its answer begins with 'HTTP/1.1 yes'",
            "check the address and port that HTTPS_PROXY says",
        ),
        (
            "http://proxy.corp",
            b"\x1b[2J\x07",
            "what is at http://proxy.corp:80 does not speak HTTP: its answer begins with '[2J'",
            "check the address and port that HTTPS_PROXY says",
        ),
    ],
)
def test_a_proxy_that_speaks_another_language_is_told_from_one_that_refuses(
    url: str, said: bytes, words: str, remedy: str
) -> None:
    error = failure(through(url), said, FEEDS["whole"])
    assert (error.evidence, error.words, error.remedy) == (Evidence.PROXY, words, remedy)
    assert failure(through(url), said, FEEDS["byte by byte"]).evidence is Evidence.PROXY


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * LONGEST_HEAD, f"the head of its answer is longer than {LONGEST_HEAD}"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * LONGEST_HEAD + b"\r\n\r\n", "the head of its answer is longer than"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * (MOST_INTERIM + 1), "more than 16 interim answers"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "answers 101"),
    ],
    ids=["a head without end", "a long head", "too many interim answers", "an upgrade"],
)
def test_an_answer_has_limits(said: bytes, why: str) -> None:
    error = failure(through(), said, FEEDS["whole"])
    assert error.evidence is Evidence.PROXY
    assert why in error.words
    assert why in failure(through(), said, FEEDS["in pieces of seven"]).words


def test_the_proxys_words_are_made_fit_for_a_terminal() -> None:
    error = failure(through(), answer("500 \x1b[31mred"), FEEDS["whole"])
    assert str(error).isprintable()
