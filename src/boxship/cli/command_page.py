"""What a page on a command has, read from its parser: manual pages are made of it, and pages of the site."""

from __future__ import annotations

__all__ = ["FILES", "STATUSES", "CommandPage", "Group", "command_pages"]

import argparse
from collections.abc import Iterator
from types import MappingProxyType

from boxship.cli.parsers import Parser, actions_of, parser_of
from boxship.cli.verbs import VERBS
from boxship.value import dataclass

STATUSES = MappingProxyType(
    {
        0: "it is done",
        1: "something else went wrong",
        2: "the words are wrong, or an extra is not installed",
        3: "there is no such thing",
        4: "refused (401, 403)",
        5: "network, names or TLS",
        6: "content does not match its digest or size",
        7: "a rate limit is reached",
        8: "something is wrong with what was looked at",
        130: "interrupted",
    }
)
FILES = MappingProxyType(
    {
        "~/.docker/config.json": "credentials and headers, as docker has them (DOCKER_CONFIG)",
        "$XDG_RUNTIME_DIR/containers/auth.json": "credentials, as podman has them (REGISTRY_AUTH_FILE)",
        "/etc/containers/registries.conf": "mirrors, blocked and insecure registries",
        "/etc/containerd/certs.d": "hosts.toml of each host",
        "/etc/docker/daemon.json": "insecure registries and mirrors",
        "~/.config/boxship/config.toml": "what none of them can say",
    }
)


@dataclass(frozen=True, slots=True)
class Group:
    """Arguments that belong together: each as it is written, and what it says."""

    title: str
    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CommandPage:
    """A verb, or an action of one."""

    words: tuple[str, ...]
    summary: str
    usage: str
    description: str
    example: str
    groups: tuple[Group, ...]

    @property
    def name(self) -> str:
        """What its page is called: `boxship-registry-serve`."""
        return "-".join(("boxship", *self.words))


def command_pages() -> Iterator[CommandPage]:
    """A page of every verb, and of every action of those that are groups of them."""
    for verb, summary in VERBS.items():
        actions = actions_of(verb)
        yield from (_page((verb, action), said) for action, said in actions.items())
        if not actions:
            yield _page((verb,), summary)


def _page(words: tuple[str, ...], summary: str) -> CommandPage:
    parser = parser_of(*words)
    usage = parser.format_usage().removeprefix("usage: ").strip()
    return CommandPage(words, summary, usage, parser.description or "", parser.example, tuple(_groups(parser)))


def _groups(parser: Parser) -> Iterator[Group]:
    formatter = parser._get_formatter()
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if action.help is not argparse.SUPPRESS]
        if actions:
            entries = ((_heading(action, formatter), _help(action, formatter)) for action in actions)
            yield Group(group.title or "", tuple(entries))


def _heading(action: argparse.Action, formatter: argparse.HelpFormatter) -> str:
    value = formatter._format_args(action, str(action.metavar or action.dest.upper())) if action.nargs != 0 else ""
    if not action.option_strings:
        return value
    return ", ".join(f"{option} {value}".replace(" [=", "[=").strip() for option in action.option_strings)


def _help(action: argparse.Action, formatter: argparse.HelpFormatter) -> str:
    return formatter._expand_help(action) if action.help else ""
