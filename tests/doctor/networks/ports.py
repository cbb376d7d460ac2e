"""What the ports of `reg.test` may be: on loopback, and behind a firewall, where nothing permits plain HTTP."""

from __future__ import annotations

__all__ = ["BEHIND_A_FIREWALL", "BROKEN", "WELL"]

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.behaviour.ports import PLAIN_TAG, TLS_TAG
from tests.behaviour.scene import HOST, Stage
from tests.behaviour.stages import Namespaced, OnLoopback
from tests.doctor.case import Asking, Case, Network

_TRUSTED = ("--ca-file", "@root", f"{HOST}/app:{TLS_TAG}")


def _loopback(ports: Mapping[int, str], *words: str) -> Network:
    return _staged(OnLoopback, ports, words)


def _behind_a_firewall(ports: Mapping[int, str], *words: str) -> Network:
    return _staged(Namespaced, ports, words)


def _staged(stage: Callable[[Path], Stage], ports: Mapping[int, str], words: tuple[str, ...]) -> Network:
    @contextmanager
    def network(folder: Path) -> Iterator[Asking]:
        with stage(folder).scene(ports) as scene:
            yield Asking(scene, words or (f"{HOST}/app",))

    return network


_PLAIN = f"boxship ls http://{HOST}/app"
BEHIND_A_FIREWALL: Mapping[str, Case] = {
    "443 dropped, 80 serves": Case(
        network=_behind_a_firewall({443: "dropped", 80: "open"}),
        verdict=(
            "silently dropped",
            "no SYN-ACK and no RST came to 3 SYNs",
            "answers as a registry over plain HTTP",
            "docker waits 15 s",
        ),
        red=frozenset({"tcp", "reach"}),
        pasted=_PLAIN,
    ),
    "443 refused, 80 serves": Case(
        network=_behind_a_firewall({443: "refused", 80: "open"}),
        verdict=("refuses connections", "no TLS", "over plain HTTP"),
        red=frozenset({"tcp", "reach"}),
        pasted=f'{{"insecure-registries": ["{HOST}"]}}',
    ),
    "443 speaks plain HTTP": Case(
        network=_behind_a_firewall({443: "open", 80: "open"}),
        verdict=("does not speak TLS", "over plain HTTP"),
        red=frozenset({"tls", "reach"}),
        pasted=f'location = "{HOST}"',
    ),
    "443 says nothing": Case(
        network=_behind_a_firewall({443: "mute", 80: "open"}),
        verdict=("says nothing to TLS", "over plain HTTP"),
        red=frozenset({"tls", "reach"}),
        pasted=_PLAIN,
    ),
    "443 resets": Case(
        network=_behind_a_firewall({443: "resets hello", 80: "open"}),
        verdict=("closes every connection without a byte", "something in between cuts TLS"),
        red=frozenset({"tls", "reach"}),
        pasted=_PLAIN,
    ),
}
BROKEN: Mapping[str, Case] = {
    "both dropped": Case(
        network=_loopback({443: "dropped", 80: "dropped"}),
        verdict=("Nothing at", "no SYN-ACK and no RST", "firewall"),
        red=frozenset({"tcp", "reach"}),
    ),
    "both refused": Case(
        network=_loopback({443: "refused", 80: "refused"}),
        verdict=("refuses connections", "no registry listens"),
        red=frozenset({"tcp", "reach"}),
    ),
    "a captive portal": Case(
        network=_loopback({443: "dropped", 80: "portal"}),
        verdict=("not as a registry", "captive portal"),
        red=frozenset({"tcp", "http", "reach"}),
    ),
    "an unknown authority": Case(
        network=_loopback({443: "TLS", 80: "open"}),
        verdict=("speaks TLS, and not acceptably", "certificate", "--ca-file"),
        red=frozenset({"tls", "tls.root", "reach"}),
        pasted=f"/etc/docker/certs.d/{HOST}/ca.crt",
    ),
    "an old version of TLS": Case(
        network=_loopback({443: "TLS alert", 80: "open"}),
        verdict=("no TLS version in common",),
        red=frozenset({"tls", "reach"}),
    ),
    "expired": Case(
        network=_loopback({443: "expired", 80: "dropped"}, "--ca-file", "@root", f"{HOST}/app"),
        verdict=("certificate has expired",),
        red=frozenset({"tls", "tls.expiry", "tcp", "reach"}),
    ),
    "another name": Case(
        network=_loopback({443: "wrong name", 80: "refused"}, "--ca-file", "@root", f"{HOST}/app"),
        verdict=("speaks TLS, and not acceptably", "certificate is for x.test, and not for reg.test"),
        red=frozenset({"tls", "tls.names", "tcp", "reach"}),
    ),
    "a wrong password over TLS": Case(
        network=_loopback(
            {443: "TLS", 80: "dropped"}, "--ca-file", "@root", "--username", "bob", "--password", "wrong", f"{HOST}/app"
        ),
        verdict=("does not let you in", "credential"),
        red=frozenset({"auth.login"}),
    ),
}
WELL: Mapping[str, Case] = {
    "443 dropped, 80 serves, plain HTTP is permitted": Case(
        network=_loopback({443: "dropped", 80: "open"}, "--plain-http=auto", f"{HOST}/app:{PLAIN_TAG}"),
        verdict=("silently dropped", "boxship goes on over plain HTTP", "crane 155 s"),
        pasted=_PLAIN,
    ),
    "443 dropped, 80 serves, plain HTTP is told": Case(
        network=_loopback({443: "dropped", 80: "open"}, f"http://{HOST}/app:{PLAIN_TAG}"),
        verdict=("All is well",),
    ),
    "443 refused, 80 serves, plain HTTP is told": Case(
        network=_loopback(
            {443: "refused", 80: "open"},
            f"http://{HOST}/app:{PLAIN_TAG}",
        ),
        verdict=("All is well",),
    ),
    "TLS, and 80 serves as well": Case(
        network=_loopback({443: "TLS", 80: "open"}, *_TRUSTED),
        verdict=("All is well",),
    ),
    "TLS, and 80 leads there": Case(
        network=_loopback({443: "TLS", 80: "moved to TLS"}, *_TRUSTED),
        verdict=("All is well",),
    ),
    "TLS, and 80 dropped": Case(
        network=_loopback({443: "TLS", 80: "dropped"}, *_TRUSTED),
        verdict=("All is well",),
    ),
    "slow TLS": Case(
        network=_loopback({443: "slow TLS", 80: "refused"}, *_TRUSTED),
        verdict=("All is well",),
    ),
    "an explicit port with TLS": Case(
        network=_loopback({5000: "TLS"}, "--ca-file", "@root", f"{HOST}:5000/app:{TLS_TAG}"),
        verdict=("All is well",),
    ),
}
