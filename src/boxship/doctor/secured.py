"""What is known of TLS at one place, and in words what is wrong with it there. Pure."""

from __future__ import annotations

__all__ = ["Secured", "cause", "client_refused", "expired", "not_yet", "other_name"]

from collections.abc import Callable, Mapping, Sequence

from boxship.doctor.chain import Certificate, day, path
from boxship.doctor.clock import SET_CLOCK, span
from boxship.doctor.unverified import Unverified
from boxship.value import dataclass, field

_OLD = {"SSLv3": "SSL 3.0", "TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1"}
# OpenSSL's verify codes (x509_vfy.h).
_NOT_YET, _EXPIRED, _SELF_SIGNED, _ROOT_SENT, _NO_ISSUER, _LEAF_ALONE = 9, 10, 18, 19, 20, 21
_OTHER_NAME, _OTHER_ADDRESS = 62, 64
_UNVERIFIED = "or accept it unverified with --skip-tls-verify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """Two looks put together: the first with the user's trust, the second, where that was refused, without any.

    Attributes:
        name: the host that was asked for.
        now: this machine's clock, in seconds since 1970.
        agreed: version, cipher and ALPN of the first look; '' where its handshake failed.
        sent: the certificates that the peer sent, its own first.
        verified: those by which it was verified, up to a root; empty where it was not.
        root_in: the file with that root, and who named it.
        code: OpenSSL's code of what it refused; 0 where it refused nothing.
        said: what TLS says of its failure; remedy: what it knows to do.
        skipped: who said that nothing is to be verified.
        shown: the client's certificate, and who named it.
        second: what the second look showed.
        answered: what the first look was answered, over TLS, by who is no registry; '' for nothing.
        cut: whether connections are cut that name the host, and not those that do not.
    """

    name: str
    now: float
    agreed: str = ""
    sent: tuple[Certificate, ...] = ()
    verified: tuple[Certificate, ...] = ()
    root_in: str = ""
    code: int = 0
    said: str = ""
    remedy: str = ""
    skipped: str = ""
    shown: str = ""
    answered: str = ""
    second: Unverified = field(default_factory=Unverified)
    cut: bool = False

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """The certificates that count, from the peer's own up."""
        return self.verified or path(self.sent)

    @property
    def own(self) -> Certificate | None:
        """The peer's own certificate."""
        return next(iter(self.sent), None)

    @property
    def untrusted(self) -> bool:
        """Whether no root was found that is trusted here."""
        return self.code in (2, _SELF_SIGNED, _ROOT_SENT, _NO_ISSUER, _LEAF_ALONE)

    @property
    def unjudged(self) -> bool:
        """Whether the handshake ended before anybody asked for the root."""
        return not (self.agreed or self.code or self.wants_client)

    @property
    def incomplete(self) -> bool:
        """Whether the peer keeps back its authority's certificate, which is no root: that says where it can be had."""
        own = self.own
        return self.untrusted and len(self.chain) == 1 and own is not None and bool(own.issuer_at)

    @property
    def other_name(self) -> bool:
        """Whether the certificate is for others."""
        return self.code in (_OTHER_NAME, _OTHER_ADDRESS)

    @property
    def wants_client(self) -> bool:
        """Whether it goes no further without a client's certificate, or with the one that is shown."""
        if self.agreed:
            # TLS 1.3 says so after the handshake, nginx and IIS in a page.
            refused = not self.answered or "certificate" in self.answered.lower()
        else:
            refused = bool(self.shown) or not self.second.status
        return self.second.asks and not self.code and refused

    @property
    def wrong(self) -> bool:
        """Whether TLS itself is what is in the way."""
        return self.cut or self.wants_client or bool(self.said)

    @property
    def clock_to_blame(self) -> bool:
        """Whether a certificate is refused for this machine's clock, and would not be for the peer's."""
        skew = self.second.skew
        if skew is None or valid(self.chain, self.now):
            return False
        return valid(self.chain, self.now + skew)


def valid(chain: Sequence[Certificate], moment: float) -> bool:
    """Whether all are valid then."""
    return all(certificate.begins <= moment <= certificate.ends for certificate in chain)


Words = tuple[str, str]


def cause(seen: Secured) -> Words:
    """What is wrong, and what to do about it; in TLS's own words where nobody knows better."""
    old = _OLD.get(seen.second.version, "")
    if old and not seen.agreed:
        return f"it speaks {old} and nothing newer, which nobody accepts any more (RFC 8996)", (
            "the registry's operator must let it speak TLS 1.2 or newer"
        )
    if seen.cut:
        return f"connections that name {seen.name} are cut, and others are not: a filter on the way reads that name", (
            "ask whoever runs the firewall or proxy to let that name pass"
        )
    if seen.wants_client:
        return client_refused(seen)
    found = _BY_CODE.get(seen.code)
    return found(seen) if found and seen.own else (seen.said, seen.remedy)


def client_refused(seen: Secured) -> Words:
    """That a client's certificate is missing, or which one is not accepted."""
    if not seen.shown:
        return "it asks for a client certificate, and none is given", "give one with --cert FILE and --key FILE"
    remedy = "check that it is valid, and that the registry trusts its authority"
    return f"it does not accept the client certificate {seen.shown}", remedy


def not_yet(seen: Secured) -> Words:
    """Since when the chain will be valid, and whether that is the clock's fault."""
    begins = max(certificate.begins for certificate in seen.chain)
    words = f"its certificate is valid from {day(begins)} on, in {span(begins - seen.now)}"
    return _dated(seen, words, "the registry's operator must replace it; check this machine's clock too")


def expired(seen: Secured) -> Words:
    """Since when it has not been, and whether that is the clock's fault."""
    first = min(seen.chain, key=lambda certificate: certificate.ends)
    if first.ends > seen.now:  # a root that has expired is not sent
        return seen.said, seen.remedy
    whose = "its certificate" if first is seen.own else f"the certificate of its authority {first.subject}"
    words = f"{whose} has expired {span(seen.now - first.ends)} ago, on {day(first.ends)}"
    return _dated(seen, words, "the registry's operator must renew it; check this machine's clock too")


def _dated(seen: Secured, words: str, remedy: str) -> Words:
    skew = seen.second.skew
    if skew is None:
        return words, remedy
    theirs = day(seen.now + skew)
    if seen.clock_to_blame:
        words += f" by this machine's clock ({day(seen.now)}); by the registry's ({theirs}) it is valid"
        return f"{words}: this machine's clock is wrong", SET_CLOCK
    return f"{words}, and the registry's clock ({theirs}) agrees", remedy.partition(";")[0]


def _self_signed(_: Secured) -> Words:
    words = "its certificate is self-signed: no authority vouches for it, and nobody here trusts it"
    return words, f"give that certificate with --ca-file, {_UNVERIFIED}"


def _root_sent(seen: Secured) -> Words:
    words = f"the authority of its certificate, {seen.chain[-1].subject}, is not trusted here"
    return words, f"give the authority's certificate with --ca-file, {_UNVERIFIED}"


def _no_issuer(seen: Secured) -> Words:
    top = seen.chain[-1]
    if seen.incomplete:
        return f"it sends its certificate without that of {top.issuer}, which signed it", (
            "the registry's operator must let it send that too (for nginx, both are in the file of ssl_certificate); "
            f"it is at {', '.join(top.issuer_at)}; until then, give it with --ca-file"
        )
    words = f"its certificate was signed by {top.issuer}, which is not trusted here"
    if len(seen.chain) > 1:
        words = f"its certificate leads to {top.issuer}, which is not trusted here"
    alone = "; where that is no root, its operator must let it send that as well" if len(seen.chain) == 1 else ""
    return words, f"give the authority's certificate with --ca-file, {_UNVERIFIED}{alone}"


def other_name(seen: Secured) -> Words:
    """Whom the certificate is for instead."""
    assert seen.own
    names = seen.own.names or (seen.own.common_name or "nobody",)
    words = f"its certificate is for {', '.join(names)}, and not for {seen.name}"
    return words, f"use a name that it is for, {_UNVERIFIED}; the registry's operator can add the name"


_BY_CODE: Mapping[int, Callable[[Secured], Words]] = {
    2: _no_issuer,
    _NOT_YET: not_yet,
    _EXPIRED: expired,
    _SELF_SIGNED: _self_signed,
    _ROOT_SENT: _root_sent,
    _NO_ISSUER: _no_issuer,
    _LEAF_ALONE: _no_issuer,
    _OTHER_NAME: other_name,
    _OTHER_ADDRESS: other_name,
}
