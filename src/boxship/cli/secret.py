"""`--from-secret` and `--from-service-account`: the pull secrets that a command is given."""

from __future__ import annotations

__all__ = ["keyring_of_account", "read_keyring", "read_secret"]

from boxship.cli import console
from boxship.errors import InvalidSettings
from boxship.settings.kubelet import Keyring
from boxship.settings.pull_secret import Secrets, read_secrets

_LARGEST = 16 << 20  # bytes; a Secret has at most 1 MiB


def read_secret(file: str) -> str:
    """The text of the file; what is no text in it will be found to be no secret."""
    if file == "-":
        return console.given().buffer.read(_LARGEST).decode("utf-8", "replace")
    try:
        with open(file, "rb") as opened:  # noqa: PTH123 -- it may be endless: not more than that is read
            return opened.read(_LARGEST).decode("utf-8", "replace")
    except OSError as error:
        raise InvalidSettings(f"--from-secret {file}", why=error.strerror or str(error)) from error


def read_keyring(file: str) -> Keyring:
    """The entries in the file; `InvalidSettings` where a secret in it is of no use to the kubelet."""
    return _useful(read_secrets(read_secret(file)), f"--from-secret {file}")


def keyring_of_account(name: str) -> Keyring:
    """The entries of a service account's pull secrets, where this is a pod; '' for its own account."""
    from boxship.cluster import pull_secrets  # noqa: PLC0415 -- few are in a cluster

    secrets = pull_secrets(name)
    for words in secrets.passed_over:
        console.complain(f"boxship: {words}, and is passed over")
    return _useful(secrets, f"--from-service-account {name}".rstrip())


def _useful(secrets: Secrets, told: str) -> Keyring:
    if secrets.complaints:
        why, remedy = "; ".join(secrets.complaints), "boxship doctor --from-secret looks at the rest all the same"
        raise InvalidSettings(told, why=why, remedy=remedy)
    return secrets.keyring
