"""TLS on a socket that does not block: the handshake step by step, and what went wrong in plain words.

Which context it has is `contexts`'s work.
"""

from __future__ import annotations

__all__ = ["TLSSocket", "Untrusted", "explain"]

import contextlib
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from boxship.connect.certificate_request import asks_for_certificate

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer  # the checker's own word for what `recv_into` takes

    from boxship.connect.keepalive import UnderWay

_CHUNK = 256 * 1024
_AHEAD = 16 * 1024  # the most that a record holds

# What a person can do about a failed verification, by OpenSSL's verify codes (x509_vfy.h).
_CERTIFICATE_REMEDIES = {
    9: "check this machine's clock: the certificate is not valid yet",
    10: "the registry's operator must renew it; check this machine's clock too",
    18: "give its certificate with --ca-file, or accept it unverified with --skip-tls-verify",
    19: "give the CA with --ca-file, or accept it unverified with --skip-tls-verify",
    20: "give the CA with --ca-file, or accept it unverified with --skip-tls-verify",
    21: "the registry must send its intermediate certificates; or give them with --ca-file",
    62: "use the name that the certificate is for, or accept it unverified with --skip-tls-verify",
    64: "use the name that the certificate is for, or accept it unverified with --skip-tls-verify",
}
# TLS alerts (RFC 8446, 6), as OpenSSL spells them: what they mean, and what to do.
_ALERTS = {
    "PROTOCOL_VERSION": (
        "no TLS version in common; the registry may only speak TLS 1.1 or older",
        "the registry's operator must let it speak TLS 1.2 or newer",
    ),
    "HANDSHAKE_FAILURE": (
        "no cipher or parameter in common",
        "the registry's operator must let it speak TLS 1.2 or newer, with today's ciphers",
    ),
    "CERTIFICATE_REQUIRED": (
        "the registry asks for a client certificate",
        "give one with --cert FILE and --key FILE",
    ),
    "BAD_CERTIFICATE": (
        "the registry asks for a client certificate, and got none that it accepts",
        "give one with --cert FILE and --key FILE, of an authority that the registry trusts",
    ),
    "UNKNOWN_CA": (
        "the registry does not know the authority of the client certificate",
        "give another certificate with --cert FILE and --key FILE",
    ),
    "UNRECOGNIZED_NAME": (
        "the registry does not know this name",
        "use the name that the registry's certificate is for",
    ),
    "INTERNAL_ERROR": (
        "the registry's TLS reported an internal error",
        "the registry's log says more",
    ),
}


class Untrusted(Exception):
    """A handshake that failed although the peer speaks TLS; `remedy` is what to do."""

    def __init__(self, words: str, remedy: str) -> None:
        super().__init__(words)
        self.words, self.remedy = words, remedy


class Carrier(Protocol):
    """What TLS runs over: a plain socket, or TLS with a proxy."""

    def recv(self, size: int, /) -> bytes:
        """What has come, at most so much; nothing at the end."""

    def send(self, data: memoryview, /) -> int:
        """How much of `data` was taken."""

    @property
    def unsent(self) -> bool:
        """Whether something that was taken has still to be sent."""

    @property
    def ready(self) -> bool:
        """Whether there is something to receive without the descriptor becoming readable."""

    def fileno(self) -> int:
        """What to wait for."""

    @property
    def under_way(self) -> UnderWay:
        """What was sent and is not acknowledged."""

    def tolerate(self, seconds: float, /) -> None:
        """Let the connection go on for so long though nothing that was sent is acknowledged."""

    def shutdown(self, how: int, /) -> None:
        """End both directions."""

    def close(self) -> None:
        """Close it."""


class _Chains(Protocol):
    """What OpenSSL knows of certificates."""

    def get_unverified_chain(self) -> Sequence[object] | None: ...

    def get_verified_chain(self) -> Sequence[object] | None: ...


class TLSSocket:
    """TLS over a connected socket that does not block; to its users, a socket.

    OpenSSL is kept away from the wire (MemoryBIO): bytes are received here, so that the first can be classified before
    OpenSSL makes an error of them, whose name changes between its versions.
    """

    def __init__(self, sock: Carrier, context: ssl.SSLContext, name: str) -> None:
        """`name`: the host to verify, without port, brackets, zone or trailing dot; a literal sends no SNI."""
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        # As bytes: for text, also for what is ASCII already, `ssl` loads the tables of all of Unicode.
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name.encode("ascii"))
        self._unsent = memoryview(b"")
        self._ahead = b""
        self._greeted = b""

    # The handshake.

    def handshake(self) -> bool:
        """Go on with what was received; whether it is done. Raises `Untrusted` where it fails."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            done = False
        except (ssl.SSLError, ssl.CertificateError) as error:
            with contextlib.suppress(OSError):
                self._flush()  # the alert that says why
            raise Untrusted(*explain(error, asked=asks_for_certificate(self._greeted))) from error
        else:
            done, self._greeted = True, b""
        self._flush()
        return done

    def receive(self) -> bytes:
        """What has come, handed to TLS as well; nothing at the peer's end. `BlockingIOError` where nothing is there."""
        data = piece = self._sock.recv(_CHUNK)
        with contextlib.suppress(BlockingIOError):
            while piece and self._sock.ready:  # where TLS runs over TLS, the descriptor does not tell of what is there
                piece = self._sock.recv(_CHUNK)
                data += piece
        if data:
            self._incoming.write(data)
            if not self._tls.version():
                self._greeted += data
        else:
            self._incoming.write_eof()
        return data

    def story(self) -> str:
        """The version and cipher that were agreed."""
        cipher = self._tls.cipher()
        return f"{self._tls.version()}, {cipher[0] if cipher else '?'}"

    @property
    def version(self) -> str:
        """The version that was agreed; '' before that."""
        return self._tls.version() or ""

    @property
    def protocol(self) -> str:
        """What is spoken inside, by ALPN (RFC 7301); '' where that was not agreed."""
        return self._tls.selected_alpn_protocol() or ""

    def sent(self) -> Sequence[object]:
        """The certificates that the peer sent, its own first."""
        return self._chains.get_unverified_chain() or ()

    def verified(self) -> Sequence[object]:
        """The certificates by which it was verified, from its own to a root."""
        return self._chains.get_verified_chain() or ()

    @property
    def _chains(self) -> _Chains:
        return cast("_Chains", self._tls._sslobj)  # type: ignore[attr-defined] # public since Python 3.13, in DER alone

    # A socket, as far as it is used.

    def recv(self, size: int) -> bytes:
        """What the peer sent, at most so much; nothing at its end; `BlockingIOError` before it comes."""
        buffer = bytearray(size)
        return bytes(buffer[: self.recv_into(buffer)])

    def recv_into(self, buffer: WriteableBuffer) -> int:
        """Fill some of `buffer` with what the peer sent; 0 at its end; `BlockingIOError` before it comes."""
        view = memoryview(buffer)
        if self._ahead:
            count = min(len(view), len(self._ahead))
            view[:count], self._ahead = self._ahead[:count], self._ahead[count:]
            return count
        while True:
            try:
                return self._tls.read(len(view), view)  # type: ignore[return-value] # with a buffer, a count
            except ssl.SSLWantReadError:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self._flush()  # a peer that takes no more may have said why: an alert, or an answer
                self.receive()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return 0  # whether all has come is for the framing to say

    def send(self, data: memoryview) -> int:
        """Encrypt and send; how much was taken. `BlockingIOError` while what was taken before is not all sent."""
        self._flush()
        if self._unsent:
            raise BlockingIOError
        taken = self._tls.write(data)
        self._flush()
        return taken

    def answering(self) -> bool:
        """Whether content has come, or the end: TLS has words of its own, such as the tickets of its version 1.3."""
        while not self._ahead:
            try:
                self._ahead = self._tls.read(_AHEAD)
            except ssl.SSLWantReadError:
                try:
                    self.receive()
                except BlockingIOError:
                    return False
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return True
        return True

    @property
    def unsent(self) -> bool:
        """Whether something that was taken still waits for the socket; `send` of nothing goes on with it."""
        self._flush()
        return bool(self._unsent) or self._sock.unsent

    @property
    def ready(self) -> bool:
        """Whether there is something to receive without the socket becoming readable."""
        return bool(self._ahead) or self._tls.pending() > 0 or self._incoming.pending > 0 or self._sock.ready

    def fileno(self) -> int:
        """The socket's descriptor, to wait for."""
        return self._sock.fileno()

    def tolerate(self, seconds: float) -> None:
        """Let the connection go on for so long though nothing that was sent is acknowledged."""
        self._sock.tolerate(seconds)

    @property
    def under_way(self) -> UnderWay:
        """What was sent and is not acknowledged."""
        return self._sock.under_way

    def shutdown(self, how: int) -> None:
        """Shut the socket down: who waits for it wakes."""
        self._sock.shutdown(how)

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def _flush(self) -> None:
        while self._unsent or self._outgoing.pending:
            self._unsent = self._unsent or memoryview(self._outgoing.read())
            try:
                self._unsent = self._unsent[self._sock.send(self._unsent) :]
            except BlockingIOError:
                return


def explain(error: Exception, *, asked: bool = False) -> tuple[str, str]:
    """What a TLS error means, and what to do about it; `asked`: a client's certificate was asked for before."""
    if isinstance(error, ssl.SSLCertVerificationError):
        words = error.verify_message or str(error)
        return f"its certificate was not accepted: {words}", _CERTIFICATE_REMEDIES.get(error.verify_code, "")
    reason = (getattr(error, "reason", None) or "").upper()
    if asked and "HANDSHAKE_FAILURE" in reason:
        return _ALERTS["BAD_CERTIFICATE"]
    for name, (words, remedy) in _ALERTS.items():
        if name in reason:
            return f"{words} (TLS alert {reason.lower().replace('_', ' ')})", remedy
    return f"the TLS handshake failed: {reason.lower().replace('_', ' ') or error}", ""
