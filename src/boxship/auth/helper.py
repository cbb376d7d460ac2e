"""docker's credential helpers: programs that keep secrets in a keychain (docker-credential-helpers, client/).

Which helper is asked, and for which keys, `settings/docker_config` says; `process` runs the program. A helper's secret
is in no error: of what it writes, only words that are no answer are shown.
"""

from __future__ import annotations

__all__ = ["NOT_FOUND", "TIMEOUT", "TOKEN_USER", "ask_helper", "erase_in", "keys_in", "store_in"]

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from boxship.auth.process import Outcome, Stopped, Watch, run
from boxship.credential import Credential, CredentialKind, Secret
from boxship.errors import Cancelled, CredentialFailed
from boxship.spec.fields import Fields, Malformed, parse_object
from boxship.wire.printable import printable

TIMEOUT = 20.0  # seconds; a keychain that waits for a person is not asked for ever

_NAME = re.compile(r"[^/\\\0\s]+")
# credentials/credentials.go and error.go: what a helper and its callers have agreed to write.
TOKEN_USER = "<token>"  # noqa: S105 -- the user name that says: the secret is an identity token
NOT_FOUND = "credentials not found in native keychain"


def ask_helper(
    name: str, key: str, *, source: str = "", timeout: float = TIMEOUT, watch: Watch | None = None
) -> Credential | None:
    """Return what the helper `name` keeps under `key`, None where it keeps nothing, or raise `CredentialFailed`.

    `source` is what named the helper; `watch` is told how to end the wait for as long as it lasts.
    """
    program = f"docker-credential-{name}"
    outcome = _run(name, "get", key, source=source, timeout=timeout, watch=watch)
    if outcome.status == 0:
        return _credential(program, key, outcome, source=f"{program}, as {source} says" if source else program)
    if _is_not_found(outcome):
        return None
    raise _failed(program, _complaint(outcome), remedy=_by_hand(program, key))


def store_in(name: str, key: str, credential: Credential, *, timeout: float = TIMEOUT) -> None:
    """Let the helper keep a password or an identity token under `key`, or raise `CredentialFailed`."""
    user = TOKEN_USER if credential.kind is CredentialKind.IDENTITY_TOKEN else credential.username
    question = json.dumps({"ServerURL": key, "Username": user, "Secret": credential.secret.reveal()})
    outcome = _run(name, "store", question, timeout=timeout)
    if outcome.status:
        raise _failed(f"docker-credential-{name}", f"it does not keep {key}: {_complaint(outcome)}")


def erase_in(name: str, key: str, *, timeout: float = TIMEOUT) -> None:
    """Let the helper forget what it has under `key`; that it has nothing is no error."""
    outcome = _run(name, "erase", key, timeout=timeout)
    if outcome.status and not _is_not_found(outcome):
        raise _failed(f"docker-credential-{name}", f"it does not forget {key}: {_complaint(outcome)}")


def keys_in(name: str, *, timeout: float = TIMEOUT) -> Mapping[str, str]:
    """Under which keys the helper keeps anything, each with its user."""
    program = f"docker-credential-{name}"
    outcome = _run(name, "list", "unused", timeout=timeout)
    if outcome.status:
        raise _failed(program, f"it does not say what it has: {_complaint(outcome)}")
    try:
        return {key: user for key, user in parse_object(outcome.output).values.items() if isinstance(user, str)}
    except Malformed as error:
        raise _failed(program, f"its answer is not the protocol's: {error}") from None


def _run(
    name: str, action: str, question: str, *, source: str = "", timeout: float, watch: Watch | None = None
) -> Outcome:
    program = f"docker-credential-{name}"
    path = _find(name, program, source)
    key = question if action != "store" else ""
    try:
        return run([path, action], question.encode("utf-8", "surrogateescape"), timeout=timeout, watch=watch)
    except Stopped as stop:
        raise _stopped(program, key, stop.why) from stop
    except OSError as error:
        raise _failed(program, f"it cannot be run: {error.strerror}") from error


def _is_not_found(outcome: Outcome) -> bool:
    return outcome.output.strip() == NOT_FOUND.encode()


def _find(name: str, program: str, source: str) -> str:
    named_by = source and f"{source} names it"
    if not _NAME.fullmatch(name):
        raise CredentialFailed(f"credential helper {name!r}", why="this is no helper's name", remedy=named_by)
    found = shutil.which(program)
    # As Go's exec.LookPath: nothing is run from the working directory.
    if not found or not Path(found).is_absolute():
        remedy = "; ".join(filter(None, (named_by, "install it, or take its name out")))
        raise _failed(program, "it is not on PATH", remedy=remedy)
    return found


def _credential(program: str, key: str, outcome: Outcome, *, source: str) -> Credential | None:
    """What the helper answered; docker's own helpers write an empty answer for nothing found."""
    try:
        fields = parse_object(outcome.output)
        # encoding/json matches names without regard to case.
        answer = Fields({name.lower(): value for name, value in fields.values.items()})
        username, secret = answer.text("username"), answer.text("secret")
    except Malformed as error:
        # Not chained: what the error holds may have the secret in it.
        raise _failed(program, f"its answer is not the protocol's: {error}", remedy=_by_hand(program, key)) from None
    if not username and secret:
        raise _failed(program, "its answer has a secret and no user name", remedy=_by_hand(program, key))
    if not username:
        return None
    if username == TOKEN_USER:
        return Credential.identity_token(Secret(secret), source=source)
    return Credential.password(username, Secret(secret), source=source)


def _complaint(outcome: Outcome) -> str:
    """Why it failed: helpers write that to standard output, what they run often to standard error."""
    said = [f"it ended with status {outcome.status}" if outcome.status > 0 else f"signal {-outcome.status} ended it"]
    if not _is_document(outcome.output):
        said.append(_last_line(outcome.output))
    said.append(_last_line(outcome.errors))
    return ": ".join(filter(None, said))


def _is_document(output: bytes) -> bool:
    # What looks like an answer may have a secret in it, whatever the status says.
    return b"{" in output


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return printable(lines[-1].strip()) if lines else ""


def _stopped(program: str, key: str, why: str) -> Cancelled | CredentialFailed:
    if why == "cancelled":
        return Cancelled(f"cancelled while {program} was asked")
    return _failed(program, why, remedy=_by_hand(program, key))


def _by_hand(program: str, key: str) -> str:
    return key and f"see for yourself: echo {key} | {program} get"


def _failed(program: str, why: str, *, remedy: str = "") -> CredentialFailed:
    return CredentialFailed(f"credential helper {program}", why=why, remedy=remedy)
