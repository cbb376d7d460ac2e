"""Strategies: what the specifications' grammars allow, and text that comes close to it."""

from __future__ import annotations

__all__ = ["DIGESTS", "HOSTS", "NEAR_HEADERS", "NEAR_REFERENCES", "REGISTRIES", "REPOSITORIES", "TAGS", "TOKENS"]

from hypothesis import strategies as st

from boxship.digest import ALGORITHMS, Digest
from boxship.reference import SCHEMES, Registry

_LABELS = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,8}[A-Za-z0-9]", fullmatch=True)
_NAMES = st.lists(_LABELS, min_size=1, max_size=3).map(".".join)
_ZONES = st.sampled_from(["", "%eth0", "%1"])
# Mapped IPv4 is read as IPv4.
_SIX = st.ip_addresses(v=6).map(str).filter(lambda address: not address.startswith("::ffff:"))
HOSTS = st.one_of(
    _NAMES,
    _NAMES.map(lambda name: f"{name}."),
    st.just("docker.io"),
    st.ip_addresses(v=4).map(str),
    st.builds(lambda address, zone: f"{address}{zone}", _SIX, _ZONES),
)
_PORTS = st.none() | st.integers(1, 65535)
REGISTRIES = st.builds(Registry, HOSTS, _PORTS, st.none() | st.sampled_from(SCHEMES))

_COMPONENTS = st.from_regex(r"[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}", fullmatch=True)
REPOSITORIES = st.lists(_COMPONENTS, min_size=1, max_size=4).map("/".join)
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True)
DIGESTS = st.builds(Digest.of, st.binary(), st.sampled_from(sorted(ALGORITHMS)))

TOKENS = st.from_regex(r"[a-z][a-z0-9_-]{0,9}", fullmatch=True)

_PIECES = ["http://", "https://", "docker.io", "reg", "[::1]", "%", "/", ":", "@", ".", "-", "_", "A", "0x7f", "1", "é"]
_PIECES += ["sha256:", "a" * 64, "9" * 5000, " ", "\n", "\0", "\ud800", "İ", "\u017f", "//", "://", "]", "["]
NEAR_REFERENCES = st.text() | st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)

_HEADER_PIECES = [
    "Basic",
    "Bearer",
    "realm",
    "rel",
    "next",
    "bytes",
    "=",
    '"',
    "\\",
    ",",
    ";",
    " ",
    "\t",
    "<",
    ">",
    "/x",
]
_HEADER_PIECES += ["-", "0", "12", "*", "a", "==", "é", "\x01"]
NEAR_HEADERS = st.text() | st.lists(st.sampled_from(_HEADER_PIECES), max_size=25).map("".join)
