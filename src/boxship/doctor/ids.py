"""The id of every check, with what it looks at; `docs/doctor.md` has a section for each.

What stands before the first dot is the layer.
"""

from __future__ import annotations

__all__ = ["IDS", "LAYERS", "layer_of", "link_to"]

from collections.abc import Mapping

IDS: Mapping[str, str] = {
    "reference": "whether it is written as references are",
    "settings": "whether this machine's settings can be read",
    "settings.files": "which files were looked for, found and read",
    "settings.scheme": "whether TLS, plain HTTP or both may be spoken, and who says so",
    "settings.trust": "whose certificates are believed",
    "settings.credential": "which credential there is for the place, and which others",
    "secret": "whether a pull secret has an entry that the kubelet would send",
    "proxy": "whether a proxy is in the way, and which rule says so",
    "names": "which addresses the host's name has",
    "tcp": "whether each address and port accepts connections, refuses or drops them",
    "tcp.ipv6": "whether the host's name works over IPv6 by itself",
    "tcp.mtu": "whether large packets are lost on the way where small ones come through",
    "tls": "whether TLS comes about, with which version and cipher",
    "tls.chain": "whether the certificates that are needed are sent",
    "tls.names": "whether the certificate is for the host",
    "tls.expiry": "for how long the certificates are valid",
    "tls.root": "which authority vouches for them, and which file says that it is trusted",
    "tls.client": "whether a client certificate is asked for, and accepted",
    "http": "whether what answers is a registry",
    "http.page": "who answers in the registry's place: a portal, a proxy, a page",
    "clock": "whether this machine's clock and the registry's agree",
    "reach": "whether boxship itself comes to a connection",
    "auth.challenge": "what the registry asks for, as it was understood",
    "auth.realm": "whether the token server can be reached",
    "auth.token": "what the token server was asked for, and what it grants",
    "auth.helper": "what a credential helper answered, and how long it took",
    "auth.login": "who you are to the registry, and whether it lets you in",
    "content.manifest": "whether the manifest is there, whole and what its digest says",
    "content.platform": "whether there is an image for this machine",
    "content.config": "whether the image's configuration comes whole",
    "content.blob": "whether the beginning of a blob comes from wherever it is kept",
    "content.redirect": "whether the hosts that the registry sends to for blobs can be reached",
    "content.tags": "whether the tags are listed",
    "limits.rate": "how often you may still ask",
}
_PAGE = "docs/doctor.md"


def layer_of(check: str) -> str:
    """The layer that a check belongs to."""
    return check.partition(".")[0]


LAYERS = tuple(dict.fromkeys(map(layer_of, IDS)))
"""In the order in which they build on one another."""


def link_to(check: str) -> str:
    """The check's section on its page: an anchor has no dots."""
    return f"{_PAGE}#{check.replace('.', '')}"
