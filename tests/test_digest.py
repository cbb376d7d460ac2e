from __future__ import annotations

import hashlib

import pytest

from boxship.digest import ALGORITHMS, Digest
from boxship.errors import InvalidReference

SHA256 = "a" * 64


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_digest_of_content_is_what_the_algorithm_says(algorithm: str) -> None:
    digest = Digest.of(b"content", algorithm)
    assert str(digest) == f"{algorithm}:{hashlib.new(algorithm, b'content').hexdigest()}"
    assert Digest.parse(str(digest)) == digest


@pytest.mark.parametrize(
    ("text", "span", "why"),
    [
        ("", (0, 0), "starts with sha256:… or sha512:…"),
        ("sha256", (0, 6), "starts with"),
        (SHA256, (0, 64), "starts with"),
        (f"md5:{'a' * 32}", (0, 3), "starts with"),
        (f"SHA256:{SHA256}", (0, 6), "starts with"),
        ("sha256:", (7, 7), "64 hex digits, here are 0"),
        (f"sha256:{'a' * 63}", (7, 70), "64 hex digits, here are 63"),
        (f"sha512:{SHA256}", (7, 71), "128 hex digits, here are 64"),
        (f"sha256:{SHA256.upper()}", (7, 71), "lower-case hex"),
        (f"sha256:{'g' * 64}", (7, 71), "lower-case hex"),
        (f"sha256:{'a' * 63}\n", (7, 71), "lower-case hex"),
        (f"sha256:{'é' * 64}", (7, 71), "lower-case hex"),
        (f" sha256:{SHA256}", (0, 7), "starts with"),
    ],
    ids=repr,
)
def test_what_is_no_digest_is_marked(text: str, span: tuple[int, int], why: str) -> None:
    with pytest.raises(InvalidReference, match=why) as caught:
        Digest.parse(text)
    assert caught.value.span == span
