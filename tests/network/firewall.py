"""The server's firewall: what it does to packets from the wire, and what it has seen.

Its own loopback is left alone, so that a proxy there reaches what is behind it.
"""

from __future__ import annotations

__all__ = ["Firewall"]

import json
import subprocess

from tests.peers.process import inside

SYN = "tcp flags & (syn | ack) == syn"
# Counting comes first: a SYN that is dropped has been sent all the same.
RULES = f"""
table inet boxship {{
    set syns4 {{ type ipv4_addr . inet_service; flags dynamic; counter; }}
    set syns6 {{ type ipv6_addr . inet_service; flags dynamic; counter; }}
    chain seen {{
        type filter hook input priority -10;
        iifname "lo" accept
        {SYN} update @syns4 {{ ip daddr . tcp dport }}
        {SYN} update @syns6 {{ ip6 daddr . tcp dport }}
    }}
    chain arriving {{ type filter hook input priority 0; iifname "lo" accept; }}
    chain leaving {{ type filter hook output priority 0; oifname "lo" accept; }}
}}
"""


class Firewall:
    """nftables rules in one namespace; each verb adds one, `open` takes all away."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def _nft(self, *arguments: str, commands: str = "") -> str:
        argv = inside(self.namespace, ["nft", *arguments])
        done = subprocess.run(argv, input=commands, capture_output=True, text=True, check=False)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, argv, done.stdout, f"{commands}\n{done.stderr}")
        return done.stdout

    def install(self) -> None:
        """Begin to count; everything is let through."""
        self._nft("-f", "-", commands=RULES)

    def _arriving(self, *rule: str) -> None:
        self._nft("add rule inet boxship arriving " + " ".join(rule))

    def drop(self, port: int | None = None, *, address: str | None = None) -> None:
        """Drop silently, both ways, what belongs to a port (or to all), also in connections that are established."""
        self._arriving(_to(address), _on("dport", port), "drop")
        self._nft(f"add rule inet boxship leaving {_to(address, 'saddr')} {_on('sport', port)} drop")

    def cut(self, client_port: int) -> None:
        """Drop silently, both ways, what belongs to a port of the client's: one connection, and no new one."""
        self._arriving(f"tcp sport {client_port} drop")
        self._nft(f"add rule inet boxship leaving tcp dport {client_port} drop")

    def refuse(self, port: int, *, address: str | None = None) -> None:
        """Answer each SYN with a reset, though something may listen."""
        self._arriving(_to(address), f"tcp dport {port} reject with tcp reset")

    def unreachable(self, port: int, *, address: str | None = None) -> None:
        """Answer with ICMP "administratively prohibited", as a router's filter does."""
        self._arriving(_to(address), f"tcp dport {port} reject with icmpx admin-prohibited")

    def lose_first_syn(self, port: int, *, address: str | None = None) -> None:
        """Drop exactly one SYN to a port, the next; its repetition comes through (about 1 s later)."""
        # A bucket of one packet that is filled again tomorrow: the rule matches once.
        self._arriving(_to(address), f"tcp dport {port} {SYN} limit rate 1/day burst 1 packets drop")

    def open(self) -> None:
        """Take all rules away; what was counted stays."""
        for chain, interface in (("arriving", "iifname"), ("leaving", "oifname")):
            self._nft(f'flush chain inet boxship {chain}; add rule inet boxship {chain} {interface} "lo" accept')

    def syns(self, port: int, *, address: str | None = None) -> int:
        """Return how many SYNs for a port have arrived from the wire, repetitions and dropped ones included."""
        return sum(packets for (to, on), packets in self._counted() if on == port and address in {None, to})

    def _counted(self) -> list[tuple[tuple[str, int], int]]:
        listed = json.loads(self._nft("-j", "list table inet boxship"))["nftables"]
        elements = [element["elem"] for entry in listed for element in entry.get("set", {}).get("elem", ())]
        return [(tuple(element["val"]["concat"]), element["counter"]["packets"]) for element in elements]


def _to(address: str | None, side: str = "daddr") -> str:
    if address is None:
        return ""
    return f"ip6 {side} {address}" if ":" in address else f"ip {side} {address}"


def _on(side: str, port: int | None) -> str:
    # UDP too: a dropped port 53 is a dead name server.
    return "" if port is None else f"meta l4proto {{ tcp, udp }} th {side} {port}"
