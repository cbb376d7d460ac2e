"""TLS on a socket that does not block: contexts, the handshake step by step, and what went wrong in plain words.

The roots are read only when a peer turns out to speak TLS: on a plain registry they would be most of the start-up time.
"""

from __future__ import annotations

__all__ = ["Contexts", "Handshake", "Untrusted", "explain"]

import socket
import ssl
import threading

from boxship.settings.trust import Trust

_ALPN = ["http/1.1"]

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
_ALERTS = {
    "PROTOCOL_VERSION": "no TLS version in common; the registry may only speak TLS 1.1 or older",
    "HANDSHAKE_FAILURE": "no cipher or parameter in common",
    "CERTIFICATE_REQUIRED": "the registry asks for a client certificate",
    "BAD_CERTIFICATE": "the registry did not accept the client certificate",
    "UNRECOGNIZED_NAME": "the registry does not know this name",
    "INTERNAL_ERROR": "the registry's TLS reported an internal error",
}


class Untrusted(Exception):
    """A handshake that failed although the peer speaks TLS; `remedy` is what to do."""

    def __init__(self, words: str, remedy: str) -> None:
        super().__init__(words)
        self.words, self.remedy = words, remedy


class Contexts:
    """One TLS context for each trust, made on first use and filled with roots when a peer speaks TLS."""

    def __init__(self, custom: ssl.SSLContext | None = None) -> None:
        """`custom`: the caller's own context, used as it is for the hosts that are named by the caller."""
        self._custom = custom
        self._lock = threading.Lock()
        self._made: dict[Trust, ssl.SSLContext] = {}
        self._loaded: set[Trust] = set()

    def context(self, trust: Trust, *, named: bool) -> ssl.SSLContext:
        """The context to greet a peer with; its roots may not be loaded yet."""
        if self._custom and named:
            return self._custom
        with self._lock:
            if trust not in self._made:
                self._made[trust] = _new(trust)
            return self._made[trust]

    def load(self, trust: Trust, *, named: bool) -> tuple[str, ...]:
        """Read the roots, once; gives warnings in words."""
        if (self._custom and named) or trust.skip_verify:
            return ()
        context = self.context(trust, named=named)
        with self._lock:
            if trust in self._loaded:
                return ()
            self._loaded.add(trust)
            return trust.load(context)


def _new(trust: Trust) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(_ALPN)
    if trust.skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Handshake:
    """The client's side of one handshake, on a connected socket that does not block."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, name: str) -> None:
        """`name`: the host to verify, without port, brackets, zone or trailing dot; a literal sends no SNI."""
        self.sock = context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)

    def first_bytes(self) -> bytes:
        """The peer's first bytes, left in the socket; none where it closed, `BlockingIOError` before they come."""
        # SSLSocket refuses flags; the socket below it does not, and has not been read yet.
        return socket.socket.recv(self.sock, 64, socket.MSG_PEEK)

    def step(self) -> str:
        """Go on: `read` or `write` where the socket must become ready first, else `done`; or `Untrusted` raised."""
        try:
            self.sock.do_handshake()
        except ssl.SSLWantReadError:
            return "read"
        except ssl.SSLWantWriteError:
            return "write"
        except (ssl.SSLError, ssl.CertificateError) as error:
            raise Untrusted(*explain(error)) from error
        return "done"

    def story(self) -> str:
        """The version, cipher and ALPN that were agreed."""
        cipher = self.sock.cipher()
        return f"{self.sock.version()}, {cipher[0] if cipher else '?'}"


def explain(error: Exception) -> tuple[str, str]:
    """What a TLS error means, and what to do about it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        words = error.verify_message or str(error)
        return f"its certificate was not accepted: {words}", _CERTIFICATE_REMEDIES.get(error.verify_code, "")
    reason = (getattr(error, "reason", None) or "").upper()
    for name, words in _ALERTS.items():
        if name in reason:
            return f"{words} (TLS alert {reason.lower().replace('_', ' ')})", ""
    return f"the TLS handshake failed: {reason.lower().replace('_', ' ') or error}", ""
