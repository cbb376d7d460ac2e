from __future__ import annotations

import time

import pytest

from boxship.wire.challenge import Challenge, parse_challenges, write_challenge

BEARER = {"realm": "https://auth.corp/token", "service": "reg.corp", "scope": "repository:app:pull,push"}
BASIC = Challenge("basic", {"realm": "r"})


@pytest.mark.parametrize(
    ("value", "challenges"),
    [
        (
            'Bearer realm="https://auth.corp/token",service="reg.corp",scope="repository:app:pull,push"',
            [Challenge("bearer", BEARER)],
        ),
        (
            'bearer  Realm = "https://auth.corp/token" , SERVICE="reg.corp" , scope="repository:app:pull,push" ',
            [Challenge("bearer", BEARER)],
        ),
        (
            'Bearer realm="https://auth.corp/token" service="reg.corp"; scope="repository:app:pull,push"',
            [Challenge("bearer", BEARER)],
        ),
        ('Basic realm="r"', [BASIC]),
        ("Basic realm=r", [BASIC]),
        ('Basic realm="r', [BASIC]),
        ("Basic", [Challenge("basic", {})]),
        ('Basic realm=""', [Challenge("basic", {"realm": ""})]),
        ("Basic realm=", [Challenge("basic", {"realm": ""})]),
        (r'Basic realm="say \"hi\" \\ bye"', [Challenge("basic", {"realm": r'say "hi" \ bye'})]),
        ('Basic realm="a, Bearer realm=b"', [Challenge("basic", {"realm": "a, Bearer realm=b"})]),
        ('Basic realm="r", realm="other"', [BASIC]),
        ('Basic realm="r", Bearer realm="s"', [BASIC, Challenge("bearer", {"realm": "s"})]),
        ('Bearer realm="s",Basic realm="r"', [Challenge("bearer", {"realm": "s"}), BASIC]),
        ('Basic realm="r" Bearer realm="s"', [BASIC, Challenge("bearer", {"realm": "s"})]),
        ("Negotiate, NTLM", [Challenge("negotiate", {}), Challenge("ntlm", {})]),
        ('Negotiate YII=, Basic realm="r"', [Challenge("negotiate", {"yii": ""}), BASIC]),
        ('Negotiate YII==, Basic realm="r"', [Challenge("negotiate", {}), BASIC]),
        ('Negotiate a/b+c~d, Basic realm="r"', [Challenge("negotiate", {}), BASIC]),
        (
            "Bearer realm=https://auth.corp/token?a=b&c=d==,service=x",
            [Challenge("bearer", {"realm": "https://auth.corp/token?a=b&c=d==", "service": "x"})],
        ),
        ('realm="r", Basic realm="r"', [BASIC]),
        (', ,, Basic realm="r",,', [BASIC]),
        ('"rubbish", Basic realm="r"', [BASIC]),
        ("", []),
        (" ,; ", []),
        ('"', []),
        ("=", []),
        ('realm="r"', []),
    ],
)
def test_a_header_is_read_however_it_quotes(value: str, challenges: list[Challenge]) -> None:
    assert list(parse_challenges([value])) == challenges


def test_challenges_of_several_headers_stay_in_order() -> None:
    found = parse_challenges(['Bearer realm="s"', "", 'Basic realm="r"'])
    assert [challenge.scheme for challenge in found] == ["bearer", "basic"]
    assert [challenge.realm for challenge in found] == ["s", "r"]
    assert Challenge("bearer", {}).realm == ""


def test_a_challenge_is_written_quoted() -> None:
    assert write_challenge("Basic", realm='a "b" \\') == r'Basic realm="a \"b\" \\"'
    written = write_challenge("Bearer", realm="https://x/y", scope="repository:app:pull,push")
    assert written == 'Bearer realm="https://x/y",scope="repository:app:pull,push"'


@pytest.mark.parametrize(
    "piece",
    ["a", " ", "=", '"', "\\", ",", "a ", "a=", 'a="', "a ,", "a= ,", 'a="\\', "\t=", "a  b"],
    ids=repr,
)
@pytest.mark.parametrize("start", ["", "Bearer ", 'Bearer realm="'], ids=repr)
def test_no_header_keeps_the_parser_busy(start: str, piece: str) -> None:
    started = time.monotonic()
    parse_challenges([start + piece * (65536 // len(piece)) + "\0"])
    assert time.monotonic() - started < 2
