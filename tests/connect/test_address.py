from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from boxship.connect.address import Address, Permission, interleave, is_literal, permission_by_address

FOUR, SIX = socket.AF_INET, socket.AF_INET6


@pytest.mark.parametrize(
    ("text", "address", "written"),
    [
        pytest.param("10.0.0.5", Address(FOUR, ("10.0.0.5", 443)), "10.0.0.5:443", id="IPv4"),
        pytest.param("2001:DB8::5", Address(SIX, ("2001:db8::5", 443, 0, 0)), "[2001:db8::5]:443", id="IPv6"),
        pytest.param("::ffff:10.0.0.5", Address(FOUR, ("10.0.0.5", 443)), "10.0.0.5:443", id="mapped IPv4"),
        pytest.param("::ffff:7f00:1", Address(FOUR, ("127.0.0.1", 443)), "127.0.0.1:443", id="mapped, in hexadecimal"),
        pytest.param(
            "fe80::1%77777", Address(SIX, ("fe80::1", 443, 0, 77777)), "[fe80::1%77777]:443", id="a zone by number"
        ),
        pytest.param("fe80::1%none", Address(SIX, ("fe80::1", 443, 0, 0)), "[fe80::1]:443", id="a zone that is none"),
    ],
)
def test_a_literal_is_the_address_that_is_dialled(text: str, address: Address, written: str) -> None:
    assert Address.of(text, 443) == address
    assert str(address) == written


def test_a_zone_by_name_is_kept_for_dialling_and_for_people() -> None:
    index, name = socket.if_nameindex()[0]
    address = Address.of(f"fe80::1%{name}", 443)
    assert address.sockaddr == ("fe80::1", 443, 0, index)
    assert str(address) == f"[fe80::1%{name}]:443"


def test_who_said_that_an_address_is_dialled_makes_it_no_other_address() -> None:
    address = Address.of("10.0.0.5", 443)
    assert {replace(address, source="--resolve"), address} == {address}


def test_another_port_keeps_the_rest() -> None:
    assert Address.of("fe80::1%7", 443).at(80) == Address(SIX, ("fe80::1", 80, 0, 7))


@pytest.mark.parametrize(
    ("host", "literal"),
    [
        ("10.0.0.5", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("registry.test", False),
        ("127.1", False),
        ("0x7f.1", False),
        ("2130706433", False),
        ("010.0.0.1", False),
        ("localhost", False),
    ],
)
def test_a_literal_is_one_only_in_its_strict_spelling(host: str, *, literal: bool) -> None:
    assert is_literal(host) is literal


NONE, READS, FULL = Permission.NONE, Permission.READS, Permission.FULL


@pytest.mark.parametrize(
    ("host", "dialled", "permission"),
    [
        pytest.param("127.0.0.1", "127.0.0.1", FULL, id="loopback"),
        pytest.param("127.9.9.9", "127.9.9.9", FULL, id="all of 127/8"),
        pytest.param("::1", "::1", FULL, id="IPv6 loopback"),
        pytest.param("::ffff:127.0.0.1", "::ffff:127.0.0.1", FULL, id="mapped loopback"),
        pytest.param("localhost", "127.0.0.1", FULL, id="a name that is dialled at loopback"),
        pytest.param("localhost", "10.0.0.5", NONE, id="localhost dialled elsewhere"),
        pytest.param("10.0.0.5", "10.0.0.5", READS, id="10/8"),
        pytest.param("172.16.0.1", "172.16.0.1", READS, id="the first of 172.16/12"),
        pytest.param("172.31.255.255", "172.31.255.255", READS, id="the last of 172.16/12"),
        pytest.param("192.168.1.1", "192.168.1.1", READS, id="192.168/16"),
        pytest.param("fd00::5", "fd00::5", READS, id="fc00::/7"),
        pytest.param("::ffff:10.0.0.5", "::ffff:10.0.0.5", READS, id="mapped private"),
        pytest.param("registry.corp", "10.0.0.5", NONE, id="a name at a private address"),
        pytest.param("172.15.255.255", "172.15.255.255", NONE, id="just before 172.16/12"),
        pytest.param("172.32.0.0", "172.32.0.0", NONE, id="just after 172.16/12"),
        pytest.param("169.254.1.1", "169.254.1.1", NONE, id="link-local"),
        pytest.param("fe80::1%1", "fe80::1%1", NONE, id="IPv6 link-local"),
        pytest.param("100.64.0.1", "100.64.0.1", NONE, id="shared address space"),
        pytest.param("192.0.2.1", "192.0.2.1", NONE, id="documentation, which is_private counts"),
        pytest.param("0.0.0.0", "0.0.0.0", NONE, id="unspecified"),
        pytest.param("8.8.8.8", "8.8.8.8", NONE, id="public"),
    ],
)
def test_permission_belongs_to_the_address_that_is_dialled(host: str, dialled: str, permission: Permission) -> None:
    assert permission_by_address(host, Address.of(dialled, 80)) is permission


def test_families_take_turns_and_ipv6_begins() -> None:
    texts = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1", "10.0.0.1"]
    mixed = interleave((Address.of(text, 0) for text in texts), 16)
    assert [str(address.ip) for address in mixed] == ["2001:db8::1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_sixteen_addresses_are_enough() -> None:
    many = [Address.of(f"10.0.0.{number}", 0) for number in range(1, 40)]
    assert interleave(many, 16) == tuple(many[:16])
