"""Why a proxy did not open a tunnel, and the words in which that is said whatever language the proxy speaks."""

from __future__ import annotations

__all__ = [
    "TunnelFailed",
    "around",
    "closed",
    "foreign",
    "is_of_proxy",
    "log_in",
    "log_in_form",
    "not_passed_on",
    "spoke_too_early",
    "status_words",
]

from collections.abc import Mapping

from boxship.connect.evidence import Evidence
from boxship.settings.proxies import Proxy
from boxship.wire.challenge import parse_challenges
from boxship.wire.message import Head
from boxship.wire.printable import printable

_SHOWN = 16  # bytes of what is not understood


class TunnelFailed(Exception):
    """No tunnel: what that shows of the target (or of the proxy alone), why, and what would help."""

    def __init__(self, evidence: Evidence, words: str, remedy: str) -> None:
        super().__init__(f"{words} ({remedy})" if remedy else words)
        self.evidence, self.words, self.remedy = evidence, words, remedy


def closed(proxy: Proxy, asked: str, *, begun: bool) -> TunnelFailed:
    """The proxy ended the connection before its answer did."""
    how = "in the middle of its answer" if begun else "without an answer"
    words = f"the proxy {proxy} closed the connection {how} to {asked}"
    return TunnelFailed(
        Evidence.PROXY, words, f"check the address and port that {proxy.rule} says, and the proxy's log"
    )


def foreign(proxy: Proxy, received: bytes, language: str) -> TunnelFailed:
    """What came is not the language of `proxy`: another one that is known, or bytes."""
    name, scheme = _LANGUAGES.get(received[:1], ("", ""))
    if name not in ("", language) and scheme != proxy.scheme:
        words = f"the proxy {proxy} speaks {name}, and was asked in {language}"
        return TunnelFailed(Evidence.PROXY, words, f"write {scheme}://{_place(proxy)} in {proxy.rule}")
    shown = printable(received[:_SHOWN].decode("latin-1")).strip()
    words = f"what is at {proxy} does not speak {language}: its answer begins with {shown!r}"
    return TunnelFailed(Evidence.PROXY, words, f"check the address and port that {proxy.rule} says")


def spoke_too_early(proxy: Proxy, target: str) -> TunnelFailed:
    """More came than the proxy's answer, before a byte was sent through the tunnel."""
    words = f"the proxy {proxy} opened the way to {target}, and sent bytes of its own after that"
    return TunnelFailed(
        Evidence.PROXY, words, "a server that speaks TLS says nothing first: look at what the proxy does"
    )


def log_in(proxy: Proxy, head: Head) -> TunnelFailed:
    """The proxy wants to know who asks: 407 (RFC 9110, 15.5.8)."""
    schemes = [challenge.scheme for challenge in parse_challenges(head.all("proxy-authenticate"))]
    if schemes and "basic" not in schemes:
        asked = printable(" or ".join(dict.fromkeys(schemes)))
        words = f"the proxy {proxy} asks for a log-in by {asked}, and boxship knows Basic alone"
        return TunnelFailed(Evidence.PROXY, words, "put a proxy between that knows it, such as cntlm or px")
    status = status_words(head)
    how = "does not accept the log-in that was sent" if proxy.credential else "asks for a log-in, and none was sent"
    return TunnelFailed(Evidence.PROXY, f"the proxy {proxy} {how}: {status}", log_in_form(proxy))


def not_passed_on(proxy: Proxy, target: str, head: Head) -> TunnelFailed | None:
    """What the answer to a plain request for `target` says of the proxy that reads it; None where it says nothing.

    For an answer that is no registry's: those may say 502, too, and filters 403, but in words of their own.
    """
    if head.status == 407 or (head.status == 401 and (is_of_proxy(head) or not head.all("www-authenticate"))):
        return log_in(proxy, head)
    if head.status != 403 and head.status < 500:
        return None
    words = f"the proxy {proxy} answers {status_words(head)} for {target}, and nothing of a registry"
    if head.status == 403:
        return TunnelFailed(Evidence.PROXY, words, f"have {target} permitted there, or {around(target)}")
    why = f"check whether {target} can be reached from the proxy"
    return TunnelFailed(Evidence.PROXY, words, f"{why}; if it is to be reached directly, {around(target)}")


def is_of_proxy(head: Head) -> bool:
    """Whether an answer says of itself that it is a proxy's own, and none that was passed on.

    Squid marks its errors so; tinyproxy leaves `Server` as it is in all that it passes on.
    """
    return head.status == 407 or "x-squid-error" in head.headers or head.get("server").startswith("tinyproxy/")


def status_words(head: Head) -> str:
    """The status line of a proxy's answer, with Squid's own word for what happened."""
    detail = printable(head.get("x-squid-error"))
    return f"{head.status} {printable(head.reason)}".rstrip() + (f" ({detail})" if detail else "")


def log_in_form(proxy: Proxy) -> str:
    """How a log-in is written."""
    return f"write {proxy.rule}={proxy.scheme}://user:password@{_place(proxy)}, special characters as %40 for @"


def around(target: str) -> str:
    """How a target is reached without a proxy; an address in brackets is none for Go's programs there."""
    host = target.rpartition(":")[0].strip("[]") if target.rpartition(":")[2].isdigit() else target.strip("[]")
    return f"add {host} to NO_PROXY"


def _place(proxy: Proxy) -> str:
    return str(proxy).partition("://")[2]


# By the first byte of an answer; TLS records are an alert or a handshake (RFC 8446, 5.1).
_LANGUAGES: Mapping[bytes, tuple[str, str]] = {
    b"H": ("HTTP", "http"),
    b"\x15": ("TLS", "https"),
    b"\x16": ("TLS", "https"),
    b"\x05": ("SOCKS5", "socks5"),
}
