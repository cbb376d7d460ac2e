"""Registries and hostile networks on loopback, for your tests and ours.

Everything here is a context manager with `host`, `port` and `address`, needs no root and nothing outside the standard
library (`registry` needs the extra `server`), and leaves no thread and no socket behind. In three layers: listeners,
which hold a port; the scripted HTTP server, a function from requests to answers; and ready-made answers of registries.
"""

from __future__ import annotations

__all__ = [
    "BAD_REQUEST",
    "DROPPED",
    "HANDSHAKE_FAILURE",
    "NEVER",
    "PROTOCOL_VERSION",
    "RESET",
    "Answer",
    "Answering",
    "Connection",
    "HTTPProxy",
    "Image",
    "Issued",
    "Listener",
    "Place",
    "Request",
    "RunningRegistry",
    "ScriptedRegistry",
    "Server",
    "SocksProxy",
    "SocksRequest",
    "TokenServer",
    "alert",
    "answering",
    "basic",
    "bearer",
    "black_hole",
    "by_path",
    "captive_portal",
    "close_after_hello",
    "endless",
    "endless_page",
    "endless_pages",
    "failure",
    "garbage",
    "html",
    "http_proxy",
    "in_turn",
    "instead",
    "json_answer",
    "link_loop",
    "link_to",
    "listening",
    "mute",
    "not_json",
    "put_blob",
    "put_image",
    "put_manifest",
    "put_tags",
    "random_image",
    "rate_limited",
    "redirect_loop",
    "redirect_to",
    "redirects",
    "refused",
    "registry",
    "reset_after_hello",
    "serving",
    "socks5_proxy",
    "spoilt",
    "tls",
    "wrong_digest",
]

from boxship.testing.access import basic, bearer
from boxship.testing.connection import Connection
from boxship.testing.exchange import DROPPED, NEVER, RESET, Answer, Answering, Request, endless, in_turn
from boxship.testing.hello import (
    HANDSHAKE_FAILURE,
    PROTOCOL_VERSION,
    alert,
    answering,
    close_after_hello,
    garbage,
    mute,
    reset_after_hello,
)
from boxship.testing.hostile import (
    captive_portal,
    endless_page,
    endless_pages,
    html,
    link_loop,
    link_to,
    not_json,
    rate_limited,
    redirect_loop,
    redirect_to,
    redirects,
    wrong_digest,
)
from boxship.testing.image import Image, random_image
from boxship.testing.listener import Listener, listening
from boxship.testing.place import Place
from boxship.testing.proxy import HTTPProxy, http_proxy
from boxship.testing.pushing import put_blob, put_image, put_manifest, put_tags
from boxship.testing.registry import RunningRegistry, registry
from boxship.testing.replies import failure, json_answer
from boxship.testing.routing import by_path, instead, spoilt
from boxship.testing.scripted import ScriptedRegistry
from boxship.testing.serving import BAD_REQUEST, Server, serving, tls
from boxship.testing.silence import black_hole, refused
from boxship.testing.socks import SocksProxy, SocksRequest, socks5_proxy
from boxship.testing.tokens import Issued, TokenServer
