"""Certificates as a peer sends them, and what can be said of them without trusting anybody."""

from __future__ import annotations

__all__ = ["Certificate", "certificates", "day", "path"]

import hashlib
import ipaddress
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol, cast

from boxship.connect.address import is_literal
from boxship.value import dataclass, field

_DER = 2  # _ssl.ENCODING_DER
# How RFC 4514, 3 abbreviates the parts of a name; OpenSSL writes them out.
_PARTS = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "localityName": "L",
    "stateOrProvinceName": "ST",
}

Name = Sequence[Sequence[tuple[str, str]]]


class _Encoded(Protocol):
    """A certificate of OpenSSL's, as `ssl` hands it out in a chain."""

    def get_info(self) -> Mapping[str, object]: ...

    def public_bytes(self, encoding: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a certificate says.

    Attributes:
        subject: whose it is, as RFC 4514 writes names; issuer: who says so.
        names: the hosts and addresses that it is for (its subjectAltName).
        common_name: a host's name, where an old certificate has it.
        begins: since when it is valid, in seconds since 1970; ends: until when.
        issuer_at: where the issuer's certificate can be had, as it says (RFC 5280, 4.2.2.1).
        encoded: the whole, in DER.
    """

    subject: str
    issuer: str
    begins: float
    ends: float
    names: tuple[str, ...] = ()
    common_name: str = ""
    issuer_at: tuple[str, ...] = ()
    encoded: bytes = field(default=b"", repr=False)

    @property
    def self_issued(self) -> bool:
        """Whether it names itself as its issuer, as roots do."""
        return self.subject == self.issuer

    @property
    def fingerprint(self) -> str:
        """Its SHA-256, as browsers and OpenSSL show it."""
        return hashlib.sha256(self.encoded).digest().hex(":").upper()

    def covers(self, host: str) -> bool:
        """Whether it is for that host, by its names alone (RFC 6125, 6.4)."""
        return any(_matches(name, host) for name in self.names)

    def is_named(self, host: str) -> bool:
        """Whether it is for that host by its common name, which counts where there is no other (RFC 6125, 6.4.4)."""
        return not self.names and _matches(self.common_name, host)

    def __str__(self) -> str:
        said = f"{self.subject}, by {'itself' if self.self_issued else self.issuer}"
        return f"{said}, valid from {day(self.begins)} to {day(self.ends)}"


def day(moment: float) -> str:
    """The date of a moment, in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def certificates(chain: Iterable[object] | None) -> tuple[Certificate, ...]:
    """A chain of `ssl`'s; one with a certificate that OpenSSL cannot take apart ends before it."""
    found: list[Certificate] = []
    with suppress(ssl.SSLError, ValueError):
        found.extend(map(_certificate, cast("Iterable[_Encoded]", chain or ())))
    return tuple(found)


def path(sent: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """Those of `sent` that lead up from the peer's own: others may be among them, in any order (RFC 8446, 4.4.2)."""
    by_subject = {certificate.subject: certificate for certificate in reversed(sent)}
    found: dict[str, Certificate] = {}
    at = next(iter(sent), None)
    while at and at.subject not in found:
        found[at.subject] = at
        at = by_subject.get(at.issuer)
    return tuple(found.values())


def _certificate(encoded: _Encoded) -> Certificate:
    info = encoded.get_info()
    subject, issuer = cast("Name", info["subject"]), cast("Name", info["issuer"])
    alternatives = cast("Iterable[tuple[str, str]]", info.get("subjectAltName", ()))
    return Certificate(
        subject=_text(subject),
        issuer=_text(issuer),
        begins=ssl.cert_time_to_seconds(str(info["notBefore"])),
        ends=ssl.cert_time_to_seconds(str(info["notAfter"])),
        names=tuple(value.strip() for kind, value in alternatives if kind in ("DNS", "IP Address")),
        common_name=next((value for part in subject for key, value in part if key == "commonName"), ""),
        issuer_at=tuple(cast("Iterable[str]", info.get("caIssuers", ()))),
        encoded=encoded.public_bytes(_DER),
    )


def _text(name: Name) -> str:
    # The most telling part stands first in RFC 4514: last in the certificate.
    return ", ".join(f"{_PARTS.get(key, key)}={value}" for part in reversed(name) for key, value in part)


def _matches(name: str, host: str) -> bool:
    if is_literal(host):
        return is_literal(name) and ipaddress.ip_address(name) == ipaddress.ip_address(host)
    pattern, wanted = name.lower().rstrip("."), host.lower()
    if not pattern.startswith("*."):
        return pattern == wanted
    label, dot, rest = wanted.partition(".")
    return bool(label and dot) and rest == pattern[2:]
