"""A network of two machines in network namespaces: a client, a server, a wire, and packets that are really dropped.

The namespaces end with the block; those of dead test runs are cleared away by the next one.
"""

from __future__ import annotations

__all__ = ["CLIENT", "CLIENT6", "SERVER", "SERVER6", "Finished", "Network", "Started", "network_obstacle"]

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from tests.cli.ready import Command
from tests.cli.running import ready
from tests.network.firewall import Firewall
from tests.network.system import add_namespace, clear_leftovers, configure, log_folder, remove_namespace, write_names
from tests.peers.process import PATIENCE, NotListening, inside, program, running, wait_until_listening

CLIENT, CLIENT6 = "10.99.0.100", "fd00::100"
SERVER, SERVER6 = "10.99.0.1", "fd00::1"
ROOT = Path(__file__).parents[2]

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A program that has run on the client's machine, and how long it took."""

    status: int
    stdout: str
    stderr: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A program that runs on the server's machine until the network ends."""

    pid: int
    log: Path

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return self.log.read_text()


class Network:
    """A client's and a server's machine on one wire; `firewall` is the server's.

    `addresses` are the server's (IPv4 and IPv6 in any mix); `names` is what the client's hosts file says. A `delay`
    is in seconds, one way: a round trip takes twice as long. `roads` are the files that `wire` is told: what happens
    on the way to each port, where the packets' counts go, and words to look for.
    """

    def __init__(
        self,
        *,
        addresses: Iterable[str] = (SERVER, SERVER6),
        names: Mapping[str, Sequence[str]] | None = None,
        delay: float = 0.0,
        roads: Sequence[str] = (),
    ) -> None:
        number = f"{os.getpid()}-{next(_numbers)}"
        self.client, self.server = f"bsc-{number}", f"bss-{number}"
        self.addresses, self.names, self.delay = tuple(addresses), dict(names or {}), delay
        self._roads = tuple(roads)
        self.folder = log_folder(self.server)
        self.firewall = Firewall(self.server)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as building:
            clear_leftovers()
            for namespace in (self.client, self.server):
                building.callback(remove_namespace, namespace)
                add_namespace(namespace)
            self._lay_wire(building)
            write_names(self.client, self.names, nameserver=SERVER)
            write_names(self.server, self.names, nameserver="127.0.0.1")
            self.firewall.install()
            self._open = building.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def _lay_wire(self, building: ExitStack) -> None:
        if self.delay or self._roads:
            self._lay_slow_wire(building)
        else:
            veth = f"link add wire netns {self.client} type veth peer name wire netns {self.server}"
            subprocess.run([program("ip") or "ip", *veth.split()], check=True)
        configure(self.client, [CLIENT, CLIENT6])
        configure(self.server, self.addresses)

    def _lay_slow_wire(self, building: ExitStack) -> None:
        log = self.folder / "wire.log"
        # A wire that sleeps because the machine has other work is a network of another kind.
        argv = [
            "nice",
            "-n",
            "-10",
            sys.executable,
            "-m",
            "tests.network.wire",
            self.client,
            self.server,
            str(self.delay),
            *self._roads,
        ]
        process = building.enter_context(running(argv, log=log, env={**os.environ, "PYTHONPATH": str(ROOT)}))
        while "ready" not in log.read_text():
            if process.poll() is not None:
                raise NotListening(log.read_text())
            time.sleep(0.005)

    def name(self, name: str, *addresses: str) -> None:
        """Let the client's hosts file say that `name` has `addresses`, in this order."""
        self.names[name] = addresses
        write_names(self.client, self.names, nameserver=SERVER)

    def answer_everybody(self) -> None:
        """Let the server say of every packet that it is unwanted: a system gives such answers only so often a second.

        Where many clients share one address, as in a test, the others would wait for theirs.
        """
        for setting in ("ipv4.icmp_ratelimit", "ipv6.icmp.ratelimit"):
            subprocess.run(inside(self.server, ["sysctl", "-qw", f"net.{setting}=0"]), check=True)

    def run(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, timeout: float = 60.0) -> Finished:
        """Run a program on the client's machine; one that goes on for longer is killed (`TimeoutExpired`)."""
        begun = time.monotonic()
        done = subprocess.run(
            inside(self.client, argv), env=env, timeout=timeout, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - begun
        return Finished(status=done.returncode, stdout=done.stdout, stderr=done.stderr, seconds=seconds)

    def python(self, source: str, *arguments: str, timeout: float = 60.0) -> Finished:
        """Run Python source on the client's machine."""
        return self.run([sys.executable, "-c", source, *arguments], timeout=timeout)

    def start(self, argv: Sequence[str], *, ports: Iterable[int] = ()) -> Started:
        """Start a program on the server's machine; returns when it listens on `ports`, and ends it with the network."""
        log = self.folder / f"{Path(argv[0]).name}-{next(_numbers)}.log"
        process = self._open.enter_context(running(argv, log=log, namespace=self.server))
        if wanted := frozenset(ports):
            wait_until_listening(process, log=log, ports=wanted)
        return Started(pid=process.pid, log=log)

    def fork(self, program: str, *words: str) -> None:
        """Have one of the programs of `tests.cli.ready` forked off on the server's machine; it ends with the network.

        Returns when it says that it is ready.
        """
        log = self.folder / f"{program}-{next(_numbers)}.log"
        ours, theirs = socket.socketpair()
        with ours, ours.makefile("rb") as said:
            with theirs, log.open("wb") as errors:
                streams = (theirs.fileno(), theirs.fileno(), errors.fileno())
                command = ready().begin(words, os.environ, streams, ROOT, program=program, namespace=self.server)
            self._open.callback(_end, command)
            if said.readline() != b"ready\n":
                raise NotListening(log.read_text())

    def listen(self, behaviour: str, port: int, *arguments: str, host: str = "") -> Started:
        """Start one of `tests.network.listener`'s behaviours on a port of the server, at all its addresses or one."""
        script = Path(__file__).with_name("listener.py")
        return self.start([sys.executable, str(script), behaviour, host, str(port), *arguments], ports=[port])


def _end(command: Command) -> None:
    command.kill(signal.SIGTERM)
    if not command.ends(PATIENCE):
        command.kill()
    command.wait()


@cache
def network_obstacle() -> str | None:
    """Return what keeps this machine from having a `Network`, or None."""
    if os.geteuid() != 0:
        return "namespaces need root"
    for name in ("ip", "nft", "setpriv"):
        if program(name) is None:
            return f"{name} is not installed"
    try:
        with Network():
            return None
    except (OSError, subprocess.SubprocessError) as error:
        return f"network namespaces do not work here ({error})"
