"""Whether a server of TLS 1.2 has asked for a client's certificate, read from what it sent in the handshake.

Who gets none refuses with an alert that also means many other things (RFC 5246, 7.2.2 and 7.4.6), and OpenSSL does not
tell of the request. From TLS 1.3 on there is an alert of its own, and messages are encrypted.
"""

from __future__ import annotations

__all__ = ["asks_for_certificate"]

from collections.abc import Iterator

_RECORD_HEAD, _MESSAGE_HEAD = 5, 4
_HANDSHAKE = 22  # RFC 5246, 6.2.1
_CERTIFICATE_REQUEST = 13  # RFC 5246, 7.4


def asks_for_certificate(received: bytes) -> bool:
    """Whether the request is among the messages in `received`, from the server's first byte on."""
    return _CERTIFICATE_REQUEST in _messages(b"".join(_handshake(received)))


def _handshake(received: bytes) -> Iterator[bytes]:
    """What the records have of the handshake, up to what is encrypted or no record."""
    while len(received) >= _RECORD_HEAD and received[0] == _HANDSHAKE:
        end = _RECORD_HEAD + int.from_bytes(received[3:_RECORD_HEAD])
        yield received[_RECORD_HEAD:end]
        received = received[end:]


def _messages(content: bytes) -> Iterator[int]:
    """The types of the messages."""
    while content:
        yield content[0]
        content = content[_MESSAGE_HEAD + int.from_bytes(content[1:_MESSAGE_HEAD]) :]
