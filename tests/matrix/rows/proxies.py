"""Behind a proxy nothing races: TLS first and alone, and what the proxy refuses is no reason for plain HTTP."""

from __future__ import annotations

__all__ = ["ROWS"]

from tests.matrix.row import End, Learns, Port, Proxy, Row, Said, only

TLS, PLAIN, LOST, BAD_TLS, NO_CONSENT = End.TLS, End.PLAIN, End.LOST, End.BAD_TLS, End.NO_CONSENT
NOTHING, QUESTION, READ, SECRET = Learns.NOTHING, Learns.QUESTION, Learns.READ, Learns.SECRET
NOT_DIRECT = {443: (0, 0), 80: (0, 0)}
NOT_443, NOT_PROXIED = {443: (0, 0)}, {3128: (0, 0)}


def proxy(does: str = "proxy", *variables: str, scheme: str = "http", excepted: bool = False) -> Proxy:
    """A proxy that the variables name: both where none is written."""
    both = ("HTTPS_PROXY", "HTTP_PROXY")
    return Proxy(port=Port(does=does), scheme=scheme, variables=variables or both, excepted=excepted)


GOOD, SLOW, SOCKS = proxy(), proxy("slow proxy"), proxy("SOCKS5 proxy", scheme="socks5")
FOR_HTTPS, FOR_HTTP = proxy("proxy", "HTTPS_PROXY"), proxy("proxy", "HTTP_PROXY")

ROWS = (
    Row("a proxy, TLS", only("TLS", "open"), 0.002, TLS, proxy=GOOD, syns=NOT_DIRECT),
    Row("a proxy that takes 1 s, TLS", only("TLS", "open"), 1.0, TLS, proxy=SLOW, syns=NOT_DIRECT),
    Row("a proxy, TLS after 1 s", only("slow TLS", "basic"), 1.0, TLS, proxy=GOOD, syns=NOT_DIRECT),
    Row(
        "a proxy, an expired certificate",
        only("expired", "open"),
        0.002,
        BAD_TLS,
        said=Said.AUTO,
        proxy=GOOD,
        syns=NOT_DIRECT,
    ),
    Row("a proxy, 443 refused, 80 serves", only("refused", "open"), 0.003, PLAIN, READ, proxy=GOOD, syns=NOT_DIRECT),
    Row(
        "a proxy, 443 refused, 80 challenges",
        only("refused", "basic"),
        0.003,
        NO_CONSENT,
        READ,
        proxy=GOOD,
        syns=NOT_DIRECT,
    ),
    Row("a proxy, 443 speaks HTTP, 80 serves", only("open", "open"), 0.003, PLAIN, READ, proxy=GOOD, syns=NOT_DIRECT),
    Row(
        "a proxy, nobody permits plain",
        only("refused", "open"),
        0.003,
        LOST,
        said=Said.NOTHING,
        proxy=GOOD,
        syns=NOT_DIRECT,
    ),
    Row(
        "a proxy, plain is told",
        only("TLS", "basic"),
        0.002,
        PLAIN,
        SECRET,
        said=Said.ALWAYS,
        proxy=GOOD,
        syns=NOT_DIRECT,
    ),
    Row(
        "a proxy answers 403", only("TLS", "open"), 0.002, LOST, proxy=proxy("proxy, 403"), syns=NOT_DIRECT, words="403"
    ),
    Row(
        "a proxy answers 407", only("TLS", "open"), 0.002, LOST, proxy=proxy("proxy, 407"), syns=NOT_DIRECT, words="407"
    ),
    Row("a proxy answers 502", only("TLS", "open"), 0.002, LOST, QUESTION, proxy=proxy("proxy, 502"), syns=NOT_DIRECT),
    Row("a proxy answers 504", only("TLS", "open"), 0.002, LOST, QUESTION, proxy=proxy("proxy, 504"), syns=NOT_DIRECT),
    Row("a proxy that is refused", only("TLS", "open"), 0.002, LOST, proxy=proxy("refused"), syns=NOT_DIRECT),
    Row("a SOCKS5 proxy, TLS", only("TLS", "open"), 0.002, TLS, proxy=SOCKS, syns=NOT_DIRECT),
    Row(
        "a SOCKS5 proxy, 443 refused, 80 serves",
        only("refused", "open"),
        0.003,
        PLAIN,
        READ,
        proxy=SOCKS,
        syns=NOT_DIRECT,
    ),
    Row(
        "a SOCKS5 proxy does not allow it",
        only("TLS", "open"),
        0.002,
        LOST,
        proxy=proxy("SOCKS5 proxy, not allowed", scheme="socks5"),
        syns=NOT_DIRECT,
    ),
    Row(
        "a proxy that says nothing",
        only("TLS", "open"),
        2.0,
        LOST,
        proxy=proxy("mute proxy", "HTTPS_PROXY"),
        bounds={"proxy": 2.0},
        said=Said.NOTHING,
        syns=NOT_DIRECT,
    ),
    Row("HTTPS_PROXY alone, TLS", only("TLS", "open"), 0.002, TLS, proxy=FOR_HTTPS, syns=NOT_DIRECT),
    Row(
        "HTTPS_PROXY alone, 443 refused, 80 serves",
        only("refused", "open"),
        0.003,
        PLAIN,
        READ,
        proxy=FOR_HTTPS,
        syns=NOT_443,
    ),
    Row(
        "HTTPS_PROXY alone, 443 refused, 80 challenges",
        only("refused", "basic"),
        0.003,
        NO_CONSENT,
        READ,
        proxy=FOR_HTTPS,
    ),
    Row("HTTP_PROXY alone, TLS", only("TLS", "open"), 0.002, TLS, proxy=FOR_HTTP, syns=NOT_PROXIED),
    Row(
        "HTTP_PROXY alone, 443 dropped, 80 serves",
        only("dropped", "open"),
        1.5,
        PLAIN,
        READ,
        proxy=FOR_HTTP,
        syns={80: (0, 0)},
    ),
    Row(
        "HTTP_PROXY alone, 443 dropped, 80 challenges", only("dropped", "basic"), 1.5, NO_CONSENT, READ, proxy=FOR_HTTP
    ),
    Row(
        "NO_PROXY names the registry, TLS",
        only("TLS", "open"),
        0.002,
        TLS,
        proxy=proxy(excepted=True),
        syns=NOT_PROXIED,
    ),
    Row(
        "NO_PROXY names the registry, 443 dropped",
        only("dropped", "basic"),
        1.5,
        PLAIN,
        SECRET,
        proxy=proxy(excepted=True),
        syns=NOT_PROXIED,
    ),
)
