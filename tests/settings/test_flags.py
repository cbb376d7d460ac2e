"""Every setting of a caller remembers its word, and what nobody said its default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import pytest

from boxship.errors import InvalidSettings
from boxship.settings.flags import read_flags
from boxship.settings.hosts import Flags, Pace
from boxship.settings.sourced import Sourced
from boxship.settings.trust import Trust

# Each setting with its source, where all is told. Who adds one adds a row.
SOURCES = {
    "plain_http": ["flag --plain-http=auto"],
    "skip_verify": ["flag --skip-tls-verify"],
    "trust.file": ["SSL_CERT_FILE"],
    "trust.directories": ["SSL_CERT_DIR"],
    "trust.added": ["flag --ca-file"],
    "trust.certificate": ["flag --cert"],
    "trust.key": ["flag --key"],
    "trust.skipped": [],
    "trust.oldest": [],
    "headers": ["flag --header"],
    "user_agent": ["flag --user-agent"],
    "ip_version": ["flag -6"],
    "pace": ["the caller", "the caller"],
}


def sources(value: object) -> Iterator[str]:
    if isinstance(value, Sourced):
        yield value.source
    if isinstance(value, Pace):
        yield from sources((value.per_second, value.at_a_time))
    for part in value if isinstance(value, tuple) else ():
        yield from sources(part)


def settings(flags: Flags) -> dict[str, list[str]]:
    """Every setting with its sources."""
    own = {field.name: getattr(flags, field.name) for field in fields(Flags)}
    trust = own.pop("trust")
    own |= {f"trust.{field.name}": getattr(trust, field.name) for field in fields(Trust)}
    return {name: list(sources(value)) for name, value in own.items()}


def test_every_setting_remembers_who_said_it() -> None:
    flags = read_flags(
        {"SSL_CERT_FILE": "/f", "SSL_CERT_DIR": "/d"},
        plain_http="auto",
        skip_tls_verify=["reg.corp"],
        ca_file="/ca",
        cert="/cert",
        key="/key",
        headers={"X-Key": "1"},
        user_agent="ours/1",
        ip_version=6,
        requests_per_second=2.5,
        concurrency=3,
    )
    assert settings(flags) == SOURCES


def test_what_nobody_said_has_no_source_but_its_default() -> None:
    told = {name: found for name, found in settings(read_flags({})).items() if found}
    assert told == {"skip_verify": ["default"]}


def test_insecure_is_the_source_of_both_that_it_means() -> None:
    flags = read_flags({}, insecure=True)
    assert flags.plain_http
    assert {flags.plain_http.source, flags.skip_verify.source} == {"flag --insecure"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"plain_http": "sometimes"}, "one of always, auto, never"),
        ({"ip_version": 5}, "4 or 6"),
        ({"requests_per_second": 0}, "a number above 0"),
        ({"concurrency": -1}, "a number above 0"),
        ({"key": "/key"}, "--cert"),
    ],
    ids=str,
)
def test_a_word_that_means_nothing_is_refused(words: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidSettings, match=why):
        read_flags({}, **words)  # type: ignore[arg-type] # that is the point
