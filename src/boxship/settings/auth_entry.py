"""What stands under a key of `auths`: a user name and a password, or a token, as docker/cli reads and writes them."""

from __future__ import annotations

__all__ = ["credential_in", "only", "password_in"]

import base64
import binascii
import re

from boxship.credential import Credential, Secret
from boxship.settings.section import Section

_TOKEN = re.compile(r"[\x21-\x7e]+")  # it goes into a header


def credential_in(entry: Section) -> Credential | None:
    """The credential that an entry holds, or None in an empty one; a token counts before a password."""
    source = entry.source()
    username = entry.text("username")
    password = Credential.password(username, Secret(entry.text("password")), source=source) if username else None
    if entry.text("auth"):
        password = password_in(entry)
    if registry_token := _token(entry, "registrytoken"):
        return Credential.registry_token(registry_token, source=source)
    if identity_token := _token(entry, "identitytoken"):
        user = password.username if password else ""
        return Credential.identity_token(identity_token, source=source, username=user)
    return password


def password_in(entry: Section) -> Credential:
    """What `auth` says: base64 of `user:password`."""
    try:
        # Go's decoder skips line ends, and wants the padding.
        written = entry.text("auth").replace("\r", "").replace("\n", "")
        decoded = base64.b64decode(written, validate=True).decode()
    except (binascii.Error, ValueError):
        # Not chained: the message of a decoding error has the secret's bytes in it.
        raise entry.invalid("auth", "is not base64 of user:password", remedy="log in again") from None
    username, colon, password = decoded.partition(":")
    if not colon or not username:
        raise entry.invalid("auth", "has no user name before a colon", remedy="log in again")
    # configfile.decodeAuth trims these: old versions padded with them.
    return Credential.password(username, Secret(password.strip("\0")), source=entry.source())


def only(section: Section, known: str) -> None:
    """Refuse fields of other names, as docker does for a variable."""
    for name in section.values:
        if name.lower() != known:
            raise section.invalid(name, f"is not known here; docker reads only '{known}'")


def _token(entry: Section, name: str) -> Secret:
    token = entry.text(name)
    if token and not _TOKEN.fullmatch(token):
        raise entry.invalid(name, "has characters that no token has", remedy="log in again")
    return Secret(token)
