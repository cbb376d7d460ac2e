"""Flags of TLS and of credentials, at real servers: whom they are for, and that nobody else is meant."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import InvalidSettings, TLSFailed
from boxship.testing import ScriptedRegistry, Server, by_path, redirect_to, serving, tls
from tests.auth.guarded import TAGS, pair, write_config
from tests.cli.running import boxship, ready
from tests.transport.reaching import Authority, failing, tags

GOOD = ScriptedRegistry()


@pytest.fixture(scope="module", autouse=True)
def _commands_are_ready() -> None:
    """What they are forked off is open before it is counted what is."""
    ready()


def test_authorities_may_be_in_the_files_of_a_folder(authority: Authority, tmp_path: Path) -> None:
    folder = tmp_path / "authorities"
    folder.mkdir()
    (folder / "readme.txt").write_text("none here")
    (folder / "corp.crt").write_bytes(authority.file.read_bytes())
    with tls(GOOD, authority.server("127.0.0.1")) as server:
        with Client(ca_file=folder) as client:
            assert tags(client, server) == TAGS
        assert boxship("ls", "--ca-file", str(folder), f"{server.url}/app").output.split() == TAGS


def test_a_folder_without_authorities_is_an_error(authority: Authority, tmp_path: Path) -> None:
    with tls(GOOD, authority.server("127.0.0.1")) as server, Client(ca_file=tmp_path) as client:
        error = failing(lambda: tags(client, server))
    assert (type(error), error.exit_status) == (InvalidSettings, 2)
    assert "no file in this folder has a certificate" in error.why


@pytest.mark.parametrize(
    ("oldest", "spoken", "let_in"), [("1.3", "1.2", False), ("1.2", "1.2", True), ("1.3", "1.3", True)]
)
def test_the_oldest_version_that_is_spoken(oldest: str, spoken: str, let_in: bool, authority: Authority) -> None:  # noqa: FBT001 -- a row
    context = authority.server("127.0.0.1")
    context.minimum_version = context.maximum_version = ssl.TLSVersion[f"TLSv{spoken.replace('.', '_')}"]
    with tls(GOOD, context) as server, Client(ca_file=authority.file, tls_min=oldest) as client:
        if let_in:
            assert tags(client, server) == TAGS
        else:
            assert isinstance(failing(lambda: tags(client, server)), TLSFailed)


def test_a_version_that_there_is_not_is_said() -> None:
    with pytest.raises(InvalidSettings, match=r"1\.1"):
        Client(tls_min="1.1")


def test_certificates_are_not_checked_at_the_host_that_is_named_for_it_alone(authority: Authority) -> None:
    with tls(GOOD, authority.server("any.test")) as server:
        places = {(host, 443): (server.host, server.port) for host in ("one.test", "other.test")}
        with Client(resolve=places, skip_tls_verify=["one.test"]) as client:
            assert list(client.tags("one.test/app")) == TAGS
            assert isinstance(failing(lambda: list(client.tags("other.test/app"))), TLSFailed)


Options = Callable[[Authority, Path], dict[str, object]]
CARRIED: dict[str, Options] = {
    "skip-verify": lambda _, __: {"skip_tls_verify": True},
    "insecure": lambda _, __: {"insecure": True},
    "preemptive": lambda authority, folder: {
        "preemptive": True,
        "config": write_config(folder / "docker", auths={"reg.test": {"auth": pair("ana:secret")}}),
        "skip_tls_verify": ["reg.test"],
    },
}


@pytest.mark.parametrize("flag", CARRIED)
def test_a_redirect_leads_to_a_host_that_is_verified_and_told_nothing(
    flag: str, authority: Authority, tmp_path: Path
) -> None:
    """The target's certificate is of an authority that nobody trusts, so that the flag would have let it in."""

    def ways(target: Server, server: Server) -> dict[tuple[str, int], tuple[str, int]]:
        return {("reg.test", 443): (server.host, server.port), ("blobs.test", 443): (target.host, target.port)}

    away = by_path({"/v2/app/": redirect_to("https://blobs.test/v2/other/tags/list"), "/": GOOD})
    with tls(GOOD, authority.server("blobs.test")) as target, tls(away, authority.server("reg.test")) as server:
        options = CARRIED[flag](authority, tmp_path)
        with Client(resolve=ways(target, server), **options) as client:  # type: ignore[arg-type] # options of their kinds
            error = failing(lambda: list(client.tags("reg.test/app")))
        assert isinstance(error, TLSFailed)
        assert "blobs.test" in str(error)
        assert target.requests == ()


def test_what_is_sent_before_it_is_asked_for_goes_to_no_redirects_target(home: Path) -> None:
    with serving(GOOD) as target:
        away = by_path({"/v2/app/": redirect_to(f"{target.url}/v2/other/tags/list"), "/": GOOD})
        with serving(away) as server:
            entry = {"auth": pair("ana:secret")}
            config = write_config(home / ".docker", auths={"reg.test": entry, target.address: entry})
            places = {("reg.test", 80): (server.host, server.port)}
            with Client(resolve=places, config=config, preemptive=True) as client:
                assert list(client.tags("http://reg.test/app")) == TAGS
        assert "authorization" in server.requests[0].headers
        assert ["authorization" in request.headers for request in target.requests] == [False]
