"""What is known of a host before it is dialled: flags have the last word, settings files the one before."""

from __future__ import annotations

import pytest

from boxship.reference import Registry
from boxship.settings.daemon_json import Unsafe, parse_daemon_json
from boxship.settings.hosts import Flags, Scheme, Site, site_of
from boxship.settings.sourced import Sourced
from boxship.settings.trust import Trust

FILE = """{
  "insecure-registries": ["reg.corp:5000", "plain.corp", "ghcr.io"],
  "hosts": [], "x": 1
}"""
NETWORKS = '{"insecure-registries": ["10.0.0.0/8", "140.82.0.0/16"]}'
NOTHING = Flags(trust=Trust())


def site(host: str, text: str = FILE, flags: Flags = NOTHING) -> Site:
    return site_of(Registry.parse(host), flags, lambda: parse_daemon_json(text, "daemon.json"))


@pytest.mark.parametrize("host", ["reg.corp:5000", "plain.corp", "PLAIN.corp"])
def test_a_host_that_a_file_calls_insecure_may_be_plain_and_is_not_verified(host: str) -> None:
    found = site(host)
    assert found.scheme == Sourced(Scheme.AUTO, "daemon.json:2")
    assert found.trust.skipped == "daemon.json:2"


@pytest.mark.parametrize("host", ["reg.corp", "reg.corp:5001", "other.corp"])
def test_other_hosts_stay_as_they_are(host: str) -> None:
    assert site(host) == site(host, "{}") == site_of(Registry.parse(host), NOTHING)


def test_a_literal_in_a_network_is_insecure_as_if_it_were_written() -> None:
    found = site("10.1.2.3:5000", NETWORKS)
    assert (found.scheme.value, found.trust.skipped) == (Scheme.AUTO, "daemon.json:1")


def test_a_name_keeps_its_certificate_checks_under_a_network() -> None:
    found = site("reg.corp", NETWORKS)
    assert (found.scheme.value, found.trust.skipped) == (Scheme.BY_ADDRESS, "")
    assert [network.source for network in found.networks] == ["daemon.json:1"] * 2


def refuse() -> Unsafe:
    raise AssertionError("no file needs to be read")


@pytest.mark.parametrize("told", [Scheme.HTTPS, Scheme.HTTP, Scheme.AUTO])
def test_a_flag_wins_over_files_which_are_not_even_read(told: Scheme) -> None:
    flags = Flags(plain_http=Sourced(told, "the test"), trust=Trust())
    found = site_of(Registry.parse("reg.corp:5000"), flags, refuse)
    assert (found.scheme.value, found.trust.skipped) == (told, "")


@pytest.mark.parametrize("host", ["ghcr.io", "docker.io", "https://reg.corp:5000", "http://reg.corp:5000", "x:443"])
def test_no_file_is_read_for_public_registries_and_told_schemes(host: str) -> None:
    site_of(Registry.parse(host), NOTHING, refuse)


def test_a_flag_that_skips_verification_stays_its_source() -> None:
    flags = Flags(skip_verify=Sourced(True, "flag --skip-tls-verify"), trust=Trust())
    assert site("reg.corp:5000", flags=flags).trust.skipped == "flag --skip-tls-verify"
