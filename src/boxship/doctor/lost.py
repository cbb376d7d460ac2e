"""Whether large packets are lost on the way and small ones are not: a black hole of the path's MTU.

Nothing on a stalled connection tells that from a server that is slow. So who waits for bytes for long asks again, twice
at once: over a connection like the first one, and over one whose packets are small either way (TCP's MSS).
"""

from __future__ import annotations

__all__ = ["SMALL", "lost_packets"]

import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import closing, suppress

from boxship.auth.finder import Finder
from boxship.connect.address import Address
from boxship.connect.connector import Connector
from boxship.connect.deadline import Work
from boxship.connect.means import Means
from boxship.doctor.content import Contents
from boxship.doctor.report import Check, Status
from boxship.doctor.together import Together
from boxship.doctor.wanted import Wanted
from boxship.errors import BoxshipError
from boxship.event import Event
from boxship.reference import Registry
from boxship.registry.blobs import open_blob
from boxship.registry.manifests import parse_document, read_manifest
from boxship.registry.ping import ping
from boxship.registry.remote import Remote
from boxship.spec.index import Index
from boxship.transport.session import Session

SMALL = 536  # bytes that every host of IPv4 takes in a packet, besides its headers (RFC 9293, 3.7.1)
_LONG = 3.0  # seconds that are waited for an answer before it is asked for again
_STEPS = ("the answer to GET /v2/", "the manifest", "the beginning of a blob")
# Linux's ip(7) and ipv6(7): what a packet may have on the way to where a socket is connected.
_MTU = {socket.AF_INET: (socket.IPPROTO_IP, 14), socket.AF_INET6: (socket.IPPROTO_IPV6, 24)}
_REMEDY = (
    "let the ICMP messages of routers pass (type 3 code 4; of IPv6 type 2), clamp the MSS where the tunnel or the VPN "
    "begins (nft: tcp flags syn tcp option maxseg size set rt mtu), or give the interface a smaller MTU (ip link set "
    "dev DEVICE mtu 1400); ping -M do -s SIZE HOST finds what passes: SIZE and 28 bytes"
)


def lost_packets(first: Future[Contents], journey: Work, means: Means, wanted: Wanted, left: float) -> Check | None:
    """The check that says so, where `first`, whose `journey` that is, has waited for an answer for long."""
    until = time.monotonic() + left
    wait([first], _LONG)
    address = _waits_for(journey.trace.events)
    if not address or _came(first):
        return None
    with Together(2, "boxship-doctor-again") as pool:
        works = [Work(timeout=until - time.monotonic(), segment=segment) for segment in (None, SMALL)]
        as_before, small = (pool.submit(_reached, means, wanted, work) for work in works)
        if small.result() <= _so_far(as_before, works[0]) or _came(first):
            return None
    words = f"small packets come through and large ones are lost on the way: {_STEPS[as_before.result()]} never comes"
    evidence = (f"over a connection with at most {SMALL} bytes in a packet the same comes at once", *_believed(address))
    return Check(id="tcp.mtu", status=Status.ERROR, at=address, words=words, evidence=evidence, remedy=_REMEDY)


def _came(first: Future[Contents]) -> bool:
    return first.done() and first.result().error is None


def _so_far(asking: Future[int], work: Work) -> int:
    """How far it has come: the other one has ended, and this one had as long."""
    wait([asking], _LONG)
    work.cancel()
    return asking.result()


def _waits_for(events: tuple[Event, ...]) -> str:
    """The address of an established connection on which something is waited for; '' where there is none."""
    if not events or events[-1].name == "HelperStart":
        return ""
    done = (e.facts for e in events if e.name == "ConnectDone" and "error" not in e.facts)
    return next((str(facts["address"]) for facts in reversed(tuple(done))), "")


def _reached(means: Means, wanted: Wanted, work: Work) -> int:
    """How many of the steps of a pull come about, over connections of their own."""
    told = means.told
    connector = Connector(
        means.resolver, means.contexts, told.bounds, proxies=means.proxies, user_agent=means.user_agent
    )
    finder = Finder(told.access, told.bounds)
    headers = (header.value for header in told.flags.headers)
    reached = 0
    with closing(Session(connector, told.bounds, finder, headers)) as session, suppress(BoxshipError):
        for _ in _steps(Remote(session, means.site, work), wanted):
            reached += 1
    return reached


def _steps(remote: Remote, wanted: Wanted) -> Iterator[None]:
    ping(remote)
    yield
    if isinstance(wanted, Registry):
        return
    manifest = parse_document(read_manifest(remote, wanted))
    yield
    if not isinstance(manifest, Index):
        blob = manifest.layers[0] if manifest.layers else manifest.config
        with open_blob(remote, wanted.repository, blob.digest, size=blob.size) as stream:
            next(iter(stream), b"")
        yield


def _believed(address: str) -> Iterator[str]:
    """What this machine believes of the way, where the system tells."""
    host, _, port = address.rpartition(":")
    there = Address.of(host.strip("[]"), int(port))
    if sys.platform != "linux":
        return
    level, option = _MTU[socket.AddressFamily(there.family)]
    with socket.socket(there.family, socket.SOCK_DGRAM) as sock:
        sock.connect(there.sockaddr)
        yield f"this machine believes that packets of {sock.getsockopt(level, option)} bytes pass"
