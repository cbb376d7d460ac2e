"""Causes of what is easily taken for another: the port, the scheme that was told, an address without its interface."""

from __future__ import annotations

import errno
from contextlib import ExitStack

import pytest

from boxship import Client
from boxship.connect.address import Address
from boxship.connect.evidence import Evidence
from boxship.doctor import examine, road
from boxship.doctor.case import Case
from boxship.doctor.content import Contents
from boxship.doctor.probe import Probe
from boxship.reference import Registry
from boxship.testing import DROPPED, Answer, black_hole, serving

REGISTRY = Registry.parse("reg.test")


def case(*probes: Probe) -> Case:
    with Client(memory=None) as client:
        site = client.means(REGISTRY).site
    return Case(REGISTRY, site, probes, Contents(), ())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (DROPPED, "closes the connection without an answer"),
        (Answer(raw=b"SSH-2.0-OpenSSH_9.6\r\n"), "answers, but not as a registry: it does not speak HTTP"),
    ],
)
def test_who_never_answered_as_a_registry_is_not_said_to_send_a_damaged_manifest(
    answer: Answer, words: str, stack: ExitStack
) -> None:
    server = stack.enter_context(serving(answer))
    report = examine(f"http://{server.address}/app:v1", stack.enter_context(Client(memory=None)))
    assert words in report.verdict
    assert "damaged" not in report.verdict


def test_a_firewall_is_to_let_the_port_pass_that_is_written(stack: ExitStack) -> None:
    hole = stack.enter_context(black_hole())
    report = examine(f"{hole.address}/app", stack.enter_context(Client(memory=None)))
    assert report.verdict.endswith(f"Let the firewall pass port {hole.port}.")


def test_a_link_local_address_needs_its_interface() -> None:
    probes = [
        Probe(Address.of("fe80::1", port), tls=tls, evidence=Evidence.UNREACHABLE, code=errno.EINVAL)
        for port, tls in ((443, True), (80, False))
    ]
    verdicts = [found[0] for cause in road.WAYS if (found := cause(case(*probes)))]
    assert verdicts == [
        "[fe80::1]:443, [fe80::1]:80 cannot be dialled: a link-local address has an interface. Write [fe80::1%eth0]."
    ]
