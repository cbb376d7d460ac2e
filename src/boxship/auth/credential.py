"""From what the settings say of a registry to the credential itself: written there, or asked of a helper.

The values are `boxship.credential`'s and may be imported from here. Which credential answers a challenge is
`authorizer`'s decision; it remembers them, so that a helper is asked once.
"""

from __future__ import annotations

__all__ = ["Credential", "CredentialKind", "Secret", "credential_of"]

from typing import TYPE_CHECKING

from boxship.credential import Credential, CredentialKind, Secret
from boxship.settings.docker_config import Lookup

if TYPE_CHECKING:
    # Most registries have no helper, and what runs programs takes a while to import.
    from boxship.auth.process import Watch


def credential_of(lookup: Lookup, *, timeout: float | None = None, watch: Watch | None = None) -> Credential:
    """Return the credential that `lookup` leads to (perhaps an anonymous one), or raise `CredentialFailed`."""
    if isinstance(lookup, Credential):
        return lookup
    from boxship.auth.helper import TIMEOUT, ask_helper  # noqa: PLC0415 -- as above

    bound = TIMEOUT if timeout is None else timeout
    for key in lookup.keys:
        found = ask_helper(lookup.name, key, source=lookup.source, timeout=bound, watch=watch)
        if found:
            return found
    return Credential.anonymous(source=f"docker-credential-{lookup.name} has none; {lookup.source} names it")
