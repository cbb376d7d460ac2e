"""`boxship registry serve`: the registry, until Ctrl-C."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from boxship.cli import console, named
from boxship.server import options
from boxship.server.access.issuer_keys import Issuer
from boxship.server.database.sqlite import telling
from boxship.server.plan import Plan
from boxship.server.proxy.upstream import Source
from boxship.server.running.address import Address
from boxship.server.running.serve import serve
from boxship.ui.page import OwnPage
from boxship.value import replace

SUMMARY = "Serve a folder, which is made if need be, until Ctrl-C."
EXAMPLE = "boxship registry serve --address 127.0.0.1:5000 --disk ./registry"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    options.arguments(parser)
    parser.add_argument(
        "--proxy",
        metavar="[NAME=]REGISTRY",
        action="append",
        default=[],
        help="be a cache of this registry: docker.io, or corp=reg.corp:5000 (several: by /v2/NAME/…, or ?ns=)",
    )
    parser.add_argument(
        "--oidc-issuer",
        metavar="URL[=FILE]",
        type=_issuer,
        action="append",
        default=[],
        help="believe tokens of this system, by the keys that it says, or those in a file (JWK set); see --grants",
    )
    parser.add_argument("--no-page", action="store_true", help="serve no page for people at /")


def _issuer(text: str) -> str:
    _, told, file = text.partition("=")
    if told:
        named.file(file)
    return text


def run(chosen: argparse.Namespace) -> int:
    """Serve until interrupted."""
    options.look_for_files(chosen)
    plan = options.plan(chosen)
    if chosen.proxy:
        plan = replace(plan, settings=replace(plan.settings, proxy=_upstreams(chosen.proxy)))
    if chosen.oidc_issuer:
        plan = replace(plan, settings=replace(plan.settings, oidc_issuer=_issuers(chosen.oidc_issuer)))
    # With a client's certificate only the reader's own browser could ask, and the page's server has none.
    if not (chosen.no_page or plan.tls_client_ca):
        plan = replace(plan, page=OwnPage(plan.settings.url))
    with telling(Path(plan.folder)):
        serve(plan, announce=lambda url: _announce(url, plan), note=lambda text: console.complain(f"  {text}"))
    return 0


def _upstreams(texts: Sequence[str]) -> tuple[Source, ...]:
    from boxship.upstream import Source as Upstream  # noqa: PLC0415 - a client, which few registries need

    return tuple(map(Upstream.parse, texts))


def _issuers(texts: Sequence[str]) -> tuple[Issuer, ...]:
    from boxship.issuer import Issuer as ByClient  # noqa: PLC0415 - a client, which few registries need

    return tuple(map(ByClient.parse, texts))


def _announce(url: str, plan: Plan) -> None:
    address = _called(Address.parse(url.partition("://")[2]), plan)
    plain = "" if plan.tls_cert else "--dest-tls-verify=false "
    console.say(f"serving {url}")
    console.complain(
        f"  data: {os.path.abspath(plan.folder)}",  # noqa: PTH100 -- resolving links would show another path
        f"  next: boxship catalog {address}",
        f"        skopeo copy {plain}docker://busybox docker://{address}/busybox",
        f"  page: {plan.scheme}://{address}/" if plan.page else "",
        "  stop: Ctrl-C",
    )


def _called(address: Address, plan: Plan) -> str:
    """What a program of this machine calls it: every address of a machine is none to dial."""
    if not address.is_every:
        return str(address)
    return f"{next(iter(plan.host_names), 'localhost')}:{address.port}"
