"""What a caller says of credentials: one to send, or where they are looked for."""

from __future__ import annotations

__all__ = ["Access"]

from typing import TYPE_CHECKING

from boxship.value import dataclass

if TYPE_CHECKING:
    from boxship.credential import Credential
    from boxship.settings.kubelet import Keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The caller's words; without any, the user's settings are read.

    Attributes:
        credential: what is sent to whoever asks for one, whatever files say.
        pull_secrets: what Kubernetes' secrets have, and nothing else.
        folder: where docker's `config.json` is, which is the only file then; empty for the usual places.
        file: the only file (podman's `--authfile`).
        preemptive: whether to send it before it is asked for.
        offline: whether a token server is asked for a refresh token besides, which a log-in keeps.
    """

    credential: Credential | None = None
    pull_secrets: Keyring | None = None
    folder: str = ""
    file: str = ""
    preemptive: bool = False
    offline: bool = False
