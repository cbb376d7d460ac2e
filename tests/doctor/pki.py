"""Authorities and certificates of every kind: over, not yet valid, for others, by an intermediate, by themselves."""

from __future__ import annotations

__all__ = ["Authority", "Issued"]

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM)

    def write(self, folder: Path, *above: Issued) -> tuple[Path, Path]:
        """The files of the chain, with those `above` it, and of the key."""
        folder.mkdir(parents=True, exist_ok=True)
        chain, key = folder / "chain.pem", folder / "key.pem"
        chain.write_bytes(b"".join(one.pem for one in (self, *above)))
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return chain, key


class Authority:
    """Issues certificates; without `parent` it is a root."""

    def __init__(self, name: str, parent: Authority | None = None) -> None:
        self.issued: Issued = _issue(name, parent.issued if parent else None, authority=True)

    def issue(
        self,
        *names: str,
        common_name: str = "the registry",
        begins: timedelta = -DAY,
        ends: timedelta = 90 * DAY,
        issuer_at: str = "",
    ) -> Issued:
        """A certificate for hosts and addresses, valid from and to so long from now; `issuer_at`: its AIA."""
        return _issue(common_name, self.issued, names, begins=begins, ends=ends, issuer_at=issuer_at)

    @staticmethod
    def self_signed(*names: str) -> Issued:
        """A certificate that nobody else vouches for."""
        return _issue("alone", None, names)


def _issue(
    name: str,
    parent: Issued | None,
    names: Iterable[str] = (),
    *,
    authority: bool = False,
    begins: timedelta = -DAY,
    ends: timedelta = 90 * DAY,
    issuer_at: str = "",
) -> Issued:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent.certificate.subject if parent else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if alternatives := [_alternative(name) for name in names]:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if issuer_at:
        where = x509.UniformResourceIdentifier(issuer_at)
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, where)
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    return Issued(builder.sign(parent.key if parent else key, SHA256()), key)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
