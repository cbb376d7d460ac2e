"""From a name to addresses, in daemon threads that nothing waits for: `getaddrinfo` can be neither bounded nor stopped.

A and AAAA are asked apart, so that one of them can be late. `localhost` and `*.localhost` are answered here (RFC 6761,
6.3), unless the hosts file says otherwise: Debian would ask DNS for the latter.
"""

from __future__ import annotations

__all__ = ["Lookup", "Resolver"]

import math
import os
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from boxship.connect.address import MAX_ADDRESSES, Address, interleave, is_literal
from boxship.connect.deadline import Work
from boxship.connect.limits import OwnLimits, own_limit
from boxship.connect.readiness import Readiness
from boxship.connect.trace import Trace
from boxship.errors import InvalidSettings, NameFailed, TimedOut
from boxship.event import Fact
from boxship.seconds import spoken
from boxship.settings.sourced import IPVersion, Sourced

OnlyVersion = Sourced[IPVersion]

_LATE_SIX = 0.05  # an IPv4 answer waits so long for IPv6's (RFC 8305, 3)
_LOOPBACK = ("::1", "127.0.0.1")
_HOSTS_FILE = Path(
    os.environ.get("SYSTEMROOT", "/"), *(("system32", "drivers") if os.name == "nt" else ()), "etc/hosts"
)
_RESOLV_CONF = Path("/etc/resolv.conf")
_FAMILIES = {6: socket.AF_INET6, 4: socket.AF_INET}


class Lookup:
    """One name being resolved, or already resolved. `fileno` becomes readable when there is something new."""

    def __init__(self, host: str, known: tuple[str, ...] = (), *, only: OnlyVersion | None = None) -> None:
        """`known`: the answer, so that nothing is asked; `only`: the addresses that are wanted."""
        self.host, self._only = host, only
        self._texts: list[str] = list(known)
        self._errors: list[OSError | UnicodeError] = []
        self._lock = threading.Lock()
        self._families = () if known else (_FAMILIES[only.value],) if only else tuple(_FAMILIES.values())
        self._answered = self._told = 0  # how many families, and of how many `addresses` has told
        self._awaited = math.nan  # since when the rest is all that is waited for
        # Sockets, not a pipe: Windows can wait for nothing else.
        self._reader: socket.socket | None = None
        self._writer: socket.socket | None = None
        if self._families:
            with OwnLimits(host):
                self._reader, self._writer = socket.socketpair()
        for family in self._families:
            name = f"boxship-resolve-{host}"
            threading.Thread(target=self._ask, args=(family,), name=name, daemon=True).start()

    def fileno(self) -> int:
        """The descriptor that tells of answers; -1 where none will come."""
        return self._reader.fileno() if self._reader else -1

    @property
    def pending(self) -> bool:
        """Whether an answer may still come, or has come since `addresses` was asked last."""
        return self._told < len(self._families)

    def addresses(self) -> tuple[Address, ...]:
        """What is known by now, port 0, families in turn."""
        with self._lock:
            self._told = self._answered
            return interleave((Address.of(text, 0) for text in self._texts), MAX_ADDRESSES)

    def first(self, work: Work, bound: float) -> tuple[Address, ...]:
        """Wait for the first answer (and a little for IPv6), or raise `NameFailed` or `TimedOut`."""
        if not self._families:
            return self.addresses()
        begun = time.monotonic()
        work.trace.say("DNSStart", self.host, facts={"host": self.host})
        with work.watch(self._wake):
            self._wait_for_answer(work, begun + bound)
            if not self.addresses():
                self._fail(work, begun, bound)
            self._wait_for_six(min(time.monotonic() + _LATE_SIX, begun + bound))
        return self._say_known(work.trace, begun)

    def settled(self, work: Work, seconds: float) -> tuple[Address, ...]:
        """What is known when what may still come has been waited for, for so long."""
        until = work.until(seconds)
        found = self.addresses()
        with work.watch(self._wake):
            while self.pending and time.monotonic() < until:
                self._wait(until)
                work.check()
                found = self.addresses()
        return found

    def hear(self) -> tuple[tuple[Address, ...], bool]:
        """What is known, and whether more may come; for when `fileno` has become readable, which this undoes."""
        assert self._reader
        self._reader.recv(16)
        return self.addresses(), self.pending

    def trace_wait(self, trace: Trace, *, awaited: bool) -> None:
        """Tell the trace when the wait for the rest, and for nothing else, begins and ends."""
        if awaited is not math.isnan(self._awaited):
            return
        if awaited:
            self._awaited = time.monotonic()
            known = ", ".join(str(address.ip) for address in self.addresses())
            trace.say("DNSStart", f"{self.host}: more addresses than {known}", facts={"host": self.host})
        else:
            self._say_known(trace, self._awaited)
            self._awaited = math.nan

    def again(self) -> Lookup:
        """The same name, as far as it is known: nothing is asked."""
        return Lookup(self.host, tuple(self._texts))

    def close(self) -> None:
        """Nobody waits for the rest any more."""
        with self._lock:
            pair = (self._reader, self._writer)
            self._reader = self._writer = None
        for end in pair:
            if end:
                end.close()

    def _say_known(self, trace: Trace, begun: float) -> tuple[Address, ...]:
        found = self.addresses()
        addresses = ", ".join(str(a.ip) for a in found)
        facts: dict[str, Fact] = {"host": self.host, "addresses": addresses, "ms": _ms_since(begun)}
        trace.say("DNSDone", f"{self.host}: {addresses}", facts=facts)
        return found

    def _wait_for_answer(self, work: Work, until: float) -> None:
        while not self.addresses() and self.pending and time.monotonic() < until:
            self._wait(work.until(until - time.monotonic()))
            try:
                work.check()
            except TimedOut as error:  # the whole has taken too long: with what?
                error.evidence = (f"the name {self.host}: no answer from {_resolver_words()}",)
                raise

    def _wait_for_six(self, until: float) -> None:
        while not self._has_six() and self.pending and time.monotonic() < until:
            self._wait(until)

    def _has_six(self) -> bool:
        return any(address.family == socket.AF_INET6 for address in self.addresses())

    def _wait(self, until: float) -> None:
        """Until there is something new, or that monotonic time."""
        assert self._reader
        if Readiness(self._reader).wait(until):
            self._reader.recv(16)

    def _fail(self, work: Work, begun: float, bound: float) -> None:
        seconds = time.monotonic() - begun
        facts: dict[str, Fact] = {"host": self.host, "error": "no address", "ms": _ms_since(begun)}
        work.trace.say("DNSDone", f"{self.host}: nothing after {seconds:.1f} s", level="W", facts=facts)
        for error in self._errors:
            if own := own_limit(error, self.host):
                raise own
        what = f"the name {self.host} could not be resolved{_to(self._only)}"
        if self.pending:
            why = f"no answer within {spoken(bound)} from {_resolver_words()}"
            raise TimedOut(
                what, phase="names", seconds=bound, why=why, remedy="check the name server, or use --resolve"
            )
        why = f"{'; '.join(dict.fromkeys(map(_words, self._errors)))} ({_resolver_words()})"
        raise NameFailed(what, why=why, remedy="check the spelling and the name server, or use --resolve")

    def _ask(self, family: int) -> None:
        found: list[str] = []
        errors: list[OSError | UnicodeError] = []
        try:
            found = [_literal(*info[4]) for info in socket.getaddrinfo(self.host, 0, family, socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as failure:
            errors = [failure]
        with self._lock:
            self._texts += found
            self._errors += errors
            self._answered += 1
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            if self._writer:
                self._writer.send(b".")  # two answers and a cancellation at most: the buffer takes them


class Resolver:
    """Names to lookups, with what `--resolve HOST:PORT:ADDR[:PORT]` says (rule 12)."""

    def __init__(
        self,
        told: Mapping[tuple[str, int], tuple[Address, ...]] | None = None,
        *,
        only: OnlyVersion | None = None,
    ) -> None:
        """`only`: names have only their addresses of this version of IP (`-4`, `-6`)."""
        self._told, self._only = told or {}, only

    def told(self, host: str, port: int) -> tuple[Address, ...] | None:
        """Where this place was told to be dialled, or None."""
        return self._told.get((host.lower().rstrip("."), port))

    def look_up(self, host: str) -> Lookup:
        """Begin to resolve a host; a literal is its own answer."""
        if is_literal(host):
            self._refuse_other(host)
            return Lookup(host, (host,))
        name = host.lower().rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            return Lookup(host, self._wanted(host, _in_hosts_file(name) or _LOOPBACK))
        return Lookup(host, only=self._only)

    def _refuse_other(self, literal: str) -> None:
        version = Address.of(literal, 0).ip.version
        if self._only and version != self._only.value:
            why = f"{literal} is an IPv{version} address"
            raise InvalidSettings(self._only.source, why=why, remedy="name the host, or leave the flag out")

    def _wanted(self, host: str, known: tuple[str, ...]) -> tuple[str, ...]:
        only = self._only
        found = tuple(text for text in known if not only or Address.of(text, 0).ip.version == only.value)
        if not found:
            raise NameFailed(f"the name {host} could not be resolved{_to(only)}", why="the hosts file has no other")
        return found


def _words(error: OSError | UnicodeError) -> str:
    return getattr(error, "strerror", None) or str(error)


def _literal(host: str | int, _port: int | bytes, _flow: int = 0, scope: int = 0) -> str:
    """An address of the system's as a literal, with its zone: names in the hosts file and of mDNS can have one."""
    return f"{host}%{scope}" if scope else str(host)


def _to(only: OnlyVersion | None) -> str:
    return f" to IPv{only.value} ({only.source})" if only else ""


def _ms_since(begun: float) -> float:
    return round((time.monotonic() - begun) * 1000, 3)


def _in_hosts_file(name: str) -> tuple[str, ...]:
    try:
        lines = _HOSTS_FILE.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
    entries = (line.partition("#")[0].split() for line in lines)
    return tuple(words[0] for words in entries if name in map(str.lower, words[1:]) and is_literal(words[0]))


def _resolver_words() -> str:
    """Which servers and search domains the system asks, for an error."""
    try:
        lines = [line.split() for line in _RESOLV_CONF.read_text("utf-8", "replace").splitlines()]
    except OSError:
        return "the system's resolver"
    servers = ", ".join(words[1] for words in lines if len(words) > 1 and words[0] == "nameserver")
    search = " ".join(" ".join(words[1:]) for words in lines if words and words[0] in ("search", "domain"))
    return f"name server {servers or 'none'}" + (f", search {search}" if search else "")
