"""A request for a client's certificate is found wherever it stands in a server's handshake, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.connect.certificate_request import asks_for_certificate

HELLO, CERTIFICATE, KEY, REQUEST, DONE = 2, 11, 12, 13, 14


def message(kind: int, size: int = 3) -> bytes:
    return bytes([kind]) + size.to_bytes(3) + b"\x0d" * size


def record(content: bytes, kind: int = 22) -> bytes:
    return bytes([kind, 3, 3]) + len(content).to_bytes(2) + content


MESSAGES = [message(HELLO, 70), message(CERTIFICATE, 3000), message(KEY, 300), message(REQUEST, 40), message(DONE, 0)]


@given(st.integers(1, 4000), st.integers(0, 100))
def test_however_it_is_cut_into_records(size: int, lost: int) -> None:
    whole = b"".join(MESSAGES)
    sent = b"".join(record(whole[place : place + size]) for place in range(0, len(whole), size))
    alert = record(b"\x02\x28", kind=21)
    assert asks_for_certificate(sent + alert)
    without = b"".join(each for each in MESSAGES if each[0] != REQUEST)
    sent = b"".join(record(without[place : place + size]) for place in range(0, len(without), size))
    assert not asks_for_certificate((sent + alert)[: len(sent + alert) - lost])


@pytest.mark.parametrize("sent", [b"", b"\x16", b"HTTP/1.1 400 Bad Request\r\n\r\n", record(b"\x02\x28", kind=21)])
def test_what_is_no_handshake_asks_for_nothing(sent: bytes) -> None:
    assert not asks_for_certificate(sent)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_to_their_end(sent: bytes) -> None:
    asks_for_certificate(b"\x16\x03\x03" + sent)
