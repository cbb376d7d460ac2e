"""The registry that the page stands beside, asked over loopback as whoever reads the page, and never as anybody else.

No file of the machine's is read for a credential: an operator's own log-ins are none of a reader's.
"""

from __future__ import annotations

__all__ = ["OwnRegistry"]

import base64
import binascii
import hashlib
import hmac
import secrets
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from boxship.client import Client
from boxship.connect.deadline import Bounds
from boxship.credential import Credential, Secret
from boxship.event import Listener
from boxship.reference import Registry
from boxship.server.access.rights import Right
from boxship.server.answer import Refusal
from boxship.server.asgi import Scope
from boxship.server.page import House
from boxship.server.request import called
from boxship.ui.engine import Asker
from boxship.ui.turned import turned
from boxship.value import dataclass

_HERE = "localhost"
_MOST_CLIENTS = 64  # askers whose connections are kept
_RIGHTS = {"pull": Right.PULL, "push": Right.CREATE, "delete": Right.DELETE}
_SOURCE = "the log-in on the page"
# It is this very process, or one beside it.
_BOUNDS = Bounds(patience=2.0, first_byte=30.0)


@dataclass(slots=True)
class _Shared:
    """A client, and how many use it now."""

    client: Client
    users: int = 0


class OwnRegistry:
    """The registry of a house."""

    own = True

    def __init__(self, house: House, url: str) -> None:
        """`url` is how clients reach it, where it was told; else ''."""
        self._house, self._url = house, url
        scheme = "https" if house.certificate else "http"
        address = house.address
        # By a name of this machine: no proxy of the environment's is asked for that, and gets a reader's password.
        named = address if address.is_loopback else f"{_HERE}:{address.port}"
        self.registry = Registry.parse(f"{scheme}://{named}")
        self._resolve = None if address.is_loopback else {(_HERE, address.port): (address.host, address.port)}
        self.plain = scheme == "http" and not url.startswith("https:")
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._shared: dict[str, _Shared] = {}  # in the order in which they were last used
        self._closed = False

    @property
    def changes(self) -> bool:
        """Whether anybody may delete anything."""
        return Right.DELETE not in self._house.denied()

    def called(self, scope: Scope) -> str:
        """Its name, as it is told to clients, or as the reader of the page has written it."""
        host = (self._url or called(scope)).partition("://")[2]
        return host or self.registry.name

    def user(self, scope: Scope) -> str:
        """The name in what the request shows."""
        credential = _credential(_shown(scope))
        return credential.username if credential else ""

    async def admit(self, scope: Scope) -> Asker:
        """Who asks, by what the request shows; the registry itself decides, and counts wrong passwords."""
        try:
            caller = await self._house.admits(Right.ANY, "", scope)
        except Refusal as error:
            raise turned(error) from error
        return self._asker(scope, caller.name)

    async def may(self, scope: Scope, repository: str) -> Mapping[str, bool | None]:
        """What the registry would answer; a log-in that is wrong is told as such."""
        if not repository:
            return {"catalog": await self._is_admitted(Right.CATALOG, "", scope)}
        denied = self._house.denied()
        return {
            word: right not in denied and await self._is_admitted(right, repository, scope)
            for word, right in _RIGHTS.items()
        }

    async def _is_admitted(self, right: Right, repository: str, scope: Scope) -> bool:
        try:
            await self._house.admits(right, repository, scope)
        except Refusal as error:
            if error.answer.status == 429:
                raise turned(error) from error
            return False
        return True

    @contextmanager
    def client(self, asker: Asker) -> Iterator[Client]:
        """The client that sends this asker's credential."""
        shared = self._taken(asker)
        try:
            yield shared.client
        finally:
            with self._lock:
                shared.users -= 1
            self._let_go()

    def fresh(self, asker: Asker, listener: Listener | None) -> Client:
        """A client that sends this asker's credential, and remembers nothing on the disk."""
        return Client(
            credential=asker.credential or Credential.anonymous(source=_SOURCE),
            tls_context=_pinned(Path(self._house.certificate)) if self._house.certificate else None,
            resolve=self._resolve,
            memory=None,
            bounds=_BOUNDS,
            user_agent=f"boxship-page ({asker.name or 'nobody'})",
            on_event=listener,
        )

    def close(self) -> None:
        """Close all clients."""
        with self._lock:
            self._closed = True
            gone, self._shared = tuple(self._shared.values()), {}
        for shared in gone:
            shared.client.close()

    def _taken(self, asker: Asker) -> _Shared:
        with self._lock:
            shared = self._shared.pop(asker.key, None) or _Shared(self.fresh(asker, None))
            if self._closed:
                shared.client.close()
            self._shared[asker.key] = shared
            shared.users += 1
            return shared

    def _let_go(self) -> None:
        """Close clients that nobody has used for long."""
        with self._lock:
            idle = [key for key, shared in self._shared.items() if not shared.users]
            gone = [self._shared.pop(key) for key in idle[: max(0, len(self._shared) - _MOST_CLIENTS)]]
        for shared in gone:
            shared.client.close()

    def _asker(self, scope: Scope, name: str) -> Asker:
        shown = _shown(scope)
        version = _version(self._house.certificate)
        key = hmac.digest(self._key, f"{version}:".encode() + shown, hashlib.sha256).hex()
        return Asker(key, name, _credential(shown))


def _shown(scope: Scope) -> bytes:
    return next((value for header, value in scope["headers"] if header == b"authorization"), b"")


def _credential(shown: bytes) -> Credential | None:
    """What a header shows that the registry has accepted; other schemes than Basic are no page's."""
    scheme, _, given = shown.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        name, _, password = base64.b64decode(given.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Credential.password(name, Secret(password), source=_SOURCE)


def _pinned(certificate: Path) -> ssl.SSLContext:
    """Trust in the registry's own certificate, whoever signed it and whatever names it has: it is asked by address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate)
    return context


def _version(certificate: str) -> int:
    """What changes with the certificate's file."""
    return Path(certificate).stat().st_mtime_ns if certificate else 0
