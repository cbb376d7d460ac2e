"""An OIDC issuer, asked for its keys by a `Client`: what `boxship registry serve --oidc-issuer` is given.

The registry itself knows of it only what `server.issuer_keys` says, in whose words this is.
"""

from __future__ import annotations

__all__ = ["Issuer"]

from typing import Self

from boxship.client import Client
from boxship.connect.address import is_loopback
from boxship.credential import Credential
from boxship.errors import InvalidReference, InvalidSettings, UnexpectedAnswer
from boxship.reference import Registry
from boxship.spec.fields import Malformed, parse_object
from boxship.value import dataclass

_DISCOVERY = "/.well-known/openid-configuration"
_TIMEOUT = 5.0  # seconds: somebody waits at the other end
_LARGEST = 1024 * 1024
_REMEDY = "for example https://token.actions.githubusercontent.com, or URL=FILE with a file of its keys"


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer by its URL, and the file that its keys are in, if it is not asked."""

    url: str
    file: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The issuer that `URL` or `URL=FILE` writes: by HTTPS, or on this machine."""
        url, _, file = text.partition("=")
        try:
            _place(url)
        except InvalidReference as error:
            raise InvalidSettings(f"--oidc-issuer {text}", why=error.why, remedy=_REMEDY) from error
        return cls(url, file)

    def fetch(self) -> str:
        """Its keys, from where it says that they are. Nothing is sent but the question; redirects are not followed."""
        nobody = Credential.anonymous(source="an issuer's keys are for everybody")
        with Client(credential=nobody, memory=None, timeout=_TIMEOUT) as client:
            try:
                return _read(client, self._keys_at(_read(client, f"{self.url.rstrip('/')}{_DISCOVERY}")))
            except (Malformed, InvalidReference) as error:
                why = getattr(error, "why", "") or str(error)
                raise UnexpectedAnswer(f"{self.url} does not say where its keys are", why=why) from error

    def _keys_at(self, said: str) -> str:
        """The URL of its keys, in what it says of itself."""
        document = parse_object(said.encode())
        if document.text("issuer") != self.url:
            raise Malformed("issuer", f"is {document.text('issuer')!r}: another one")
        return document.text("jwks_uri")


def _place(url: str) -> tuple[Registry, str]:
    """The host of a URL, and the path; `InvalidReference` where it is neither HTTPS nor of this machine."""
    scheme, told, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    registry = Registry.parse(f"{scheme}://{authority}" if told else url)
    if registry.scheme != "https" and not is_loopback(registry.host):
        raise InvalidReference(url, (0, len(url)), why="an issuer speaks HTTPS: whoever is on the way could be it")
    return registry, f"{slash}{path}"


def _read(client: Client, url: str) -> str:
    registry, path = _place(url)
    with client.api("GET", registry, path) as response:
        body = response.read(_LARGEST)
        if response.status != 200:
            raise UnexpectedAnswer(f"{url} answers {response.status}")
    return body.decode(errors="replace")
