"""With --tls-client-ca, nobody gets as far as a request who has no certificate of that authority."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path

import pytest
import trustme

from boxship import Client
from boxship.errors import BoxshipError, InvalidSettings
from boxship.server.plan import Plan
from boxship.server.running.exposure import check_authorities
from tests.peers.certificates import Certificate, issue
from tests.server.running import forked


class Given:
    """A registry's certificate, and those of clients: of its authority and of another one."""

    def __init__(self, folder: Path) -> None:
        authority, stranger = trustme.CA(), trustme.CA()
        self.own = self._issued(folder / "own", "127.0.0.1")
        self.client = self._issued(folder / "client", "client", authority)
        self.stranger = self._issued(folder / "stranger", "client", stranger)
        self.authority = str(self.client.root)

    @staticmethod
    def _issued(folder: Path, name: str, authority: trustme.CA | None = None) -> Certificate:
        folder.mkdir()
        return issue(folder, name, authority=authority)

    @property
    def options(self) -> tuple[str, ...]:
        files = ("--tls-cert", str(self.own.chain), "--tls-key", str(self.own.key))
        return (*files, "--tls-client-ca", self.authority, "--anonymous", "push")


@pytest.fixture
def given(tmp_path: Path) -> Given:
    return Given(tmp_path)


def status(address: str, root: Path, shown: Certificate | None) -> int:
    context = ssl.create_default_context(cafile=str(root))
    if shown:
        context.load_cert_chain(shown.chain, shown.key)
    connection = http.client.HTTPSConnection(address, timeout=20, context=context)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_certificate_of_the_authority_is_what_it_takes(tmp_path: Path, given: Given, workers: str) -> None:
    with forked(tmp_path / "registry", *given.options, "--workers", workers) as (_, address):
        assert status(address, given.own.root, given.client) == 200
        for shown in (None, given.stranger, given.own):
            with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
                status(address, given.own.root, shown)


def test_boxship_shows_its_own(tmp_path: Path, given: Given) -> None:
    with forked(tmp_path / "registry", *given.options) as (_, address):
        shown = {"cert": given.client.chain, "key": given.client.key}
        with Client(ca_file=given.own.root, plain_http="never", **shown) as client:  # type: ignore[arg-type] # two files
            client.ping(address)
        with Client(ca_file=given.own.root, plain_http="never") as client, pytest.raises(BoxshipError):
            client.ping(address)


def test_what_is_no_authority_is_told(tmp_path: Path, given: Given) -> None:
    (tmp_path / "empty").write_text("")
    for file in (tmp_path / "empty", tmp_path / "absent", given.client.key):
        with pytest.raises(InvalidSettings, match=str(file)):
            check_authorities(file)
    check_authorities(given.client.root)
    with pytest.raises(InvalidSettings, match="--tls-client-ca"):
        Plan(tls_client_ca=given.authority)
