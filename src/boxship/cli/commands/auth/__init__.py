"""`boxship auth`: credentials; a file for each action."""

from __future__ import annotations

__all__ = ["ACTIONS", "EXAMPLE", "SUMMARY"]

SUMMARY = "Credentials: log in and out, a token for curl, and which credential is sent where."
EXAMPLE = "boxship auth why reg.corp/team/app"

# Every action with what it does; the module has the same name.
ACTIONS = {
    "login": "show a user name and password to a registry, and keep them (boxship login)",
    "logout": "forget what is kept (boxship logout)",
    "get": "print a registry's credential, as a docker-credential helper does",
    "token": "print a token for a repository, for curl",
    "why": "say which credential would be sent, from where, and what other programs would send",
}
