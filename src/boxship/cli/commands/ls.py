"""`boxship ls`: the tags of a repository, each page printed as it comes."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import itertools
import re
from collections.abc import Iterable

from boxship.cli import console, options
from boxship.reference import Reference

SUMMARY = "List the tags of a repository."
EXAMPLE = "boxship ls --plain-http=auto -v 10.0.0.5/team/app"
# Tags that stand for digests: cosign's signatures, the referrers of registries without that API.
_DIGEST_TAG = re.compile(r"sha(256|512)-[0-9a-f]{32,}")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("repository", help="for example reg.corp/team/app")
    parser.add_argument("--full-ref", action="store_true", help="print whole references")
    parser.add_argument("-O", "--omit-digest-tags", action="store_true", help="leave out tags like sha256-…")
    parser.add_argument("--match", type=_pattern, metavar="REGEX", help="only tags in which this is found")
    parser.add_argument("--exclude", type=_pattern, metavar="REGEX", help="no tags in which this is found")
    add_paging(parser, "tag", "tags")
    options.add_common(parser)


def add_paging(parser: argparse.ArgumentParser, one: str, many: str) -> None:
    """Add the options of lists."""
    count = options.number(1)
    parser.add_argument("--limit", type=count, metavar="N", help=f"at most N {many}")
    parser.add_argument("--last", metavar=one.upper(), help=f"begin after this {one}")
    parser.add_argument(
        "--page-size", type=count, metavar="N", help="ask for pages of N (default: the registry's choice)"
    )


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from error


def run(chosen: argparse.Namespace) -> int:
    """List the tags."""
    repository = Reference.parse(chosen.repository)
    prefix = f"{repository.registry}/{repository.repository}:" if chosen.full_ref else ""
    left = chosen.limit
    with options.client(chosen) as client:
        for page in client.tags(repository, after=chosen.last, page_size=chosen.page_size).pages():
            kept = tuple(_wanted(page, chosen))[:left]
            console.say(*(f"{prefix}{tag}" for tag in kept) if prefix else kept)
            left = left and left - len(kept)
            if left == 0:
                break
    return 0


def _wanted(tags: Iterable[str], chosen: argparse.Namespace) -> Iterable[str]:
    """The tags, through those filters that were asked for: of 50,000 tags, each costs time."""
    if chosen.omit_digest_tags:
        tags = (tag for tag in tags if not _DIGEST_TAG.match(tag))
    if chosen.match:
        tags = filter(chosen.match.search, tags)
    if chosen.exclude:
        tags = itertools.filterfalse(chosen.exclude.search, tags)
    return tags
