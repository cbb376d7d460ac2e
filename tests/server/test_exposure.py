"""Which addresses are served, and what is said to add where one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.server.plan import Plan
from boxship.server.registry import Settings
from boxship.server.running.address import Address
from boxship.server.running.exposure import check_exposure, check_tls, settled
from tests.peers.certificates import Certificate, issue
from tests.server.driver import Driver
from tests.server.people import add, basic, remove

PUBLIC = ["0.0.0.0:443", "[::]:443", "10.1.2.3:5000", "[fd00::1]:5000", "192.0.2.1:80"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return issue(tmp_path_factory.mktemp("certificate"), "reg.test")


def check(folder: Path, address: str, **more: object) -> None:
    given = {name: more.pop(name) for name in ("htpasswd", "anonymous") if name in more}
    plan = Plan(address=address, folder=str(folder), settings=Settings(**given), **more)  # type: ignore[arg-type]  # a table of words
    check_exposure(plan, Address.parse(address))


@pytest.mark.parametrize("address", ["127.0.0.1:5000", "[::1]:0", "127.9.9.9:1", "localhost:5000"])
def test_loopback_is_served_as_it_is(tmp_path: Path, address: str) -> None:
    check(tmp_path, address)


@pytest.mark.parametrize("address", PUBLIC)
def test_others_are_not_served_over_plain_http_whatever_the_rules_are(tmp_path: Path, address: str) -> None:
    for rules in ({}, {"htpasswd": "users"}, {"anonymous": ("pull",)}):
        with pytest.raises(InvalidSettings, match=r"plain HTTP(.|\n)*--tls-cert(.|\n)*--insecure-http"):
            check(tmp_path, address, **rules)


@pytest.mark.parametrize("address", PUBLIC)
def test_others_are_not_served_without_rules_whatever_the_transport(
    tmp_path: Path, address: str, certificate: Certificate
) -> None:
    files = {"tls_cert": str(certificate.chain), "tls_key": str(certificate.key)}
    for transport in (files, {"insecure_http": True}):
        with pytest.raises(InvalidSettings, match=r"anybody(.|\n)*user add(.|\n)*--htpasswd(.|\n)*--anonymous"):
            check(tmp_path, address, **transport)
        for rules in ({"htpasswd": "users"}, {"anonymous": ("pull",)}, {"anonymous": ("none",)}):
            check(tmp_path, address, **transport, **rules)


def test_a_user_in_the_folder_is_a_rule(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    add(folder, "alice", push="*")
    check(folder, "0.0.0.0:80", insecure_http=True)
    remove(folder, "alice")
    with pytest.raises(InvalidSettings):
        check(folder, "0.0.0.0:80", insecure_http=True)


def test_asking_for_users_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings):
        check(tmp_path / "registry", "0.0.0.0:80", insecure_http=True)
    assert not (tmp_path / "registry").exists()


def test_a_public_registry_does_not_open_when_its_last_user_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    add(folder, "alice", push="*")
    with Driver(folder, settings=settled(Settings(), Address.parse("0.0.0.0:80"))) as registry:
        assert registry("GET", "/v2/", headers=basic("alice")).status == 200
        remove(folder, "alice")
        assert registry("GET", "/v2/").status == 403
        assert registry("POST", "/v2/app/blobs/uploads/").status == 403
    assert settled(Settings(), Address.parse("127.0.0.1:80")) == Settings()
    anybody = Settings(anonymous=("pull",))
    assert settled(anybody, Address.parse("0.0.0.0:80")) == anybody


def test_files_that_are_no_certificate_with_its_key_are_named(tmp_path: Path, certificate: Certificate) -> None:
    (tmp_path / "other").mkdir()
    other = issue(tmp_path / "other", "reg.test")
    check_tls(certificate.chain, certificate.key)
    for chain, key, why in (
        (certificate.chain, other.key, "whose key"),
        (certificate.root, certificate.key, "whose key"),
        (certificate.key, certificate.key, "no certificate"),
        (tmp_path / "absent", certificate.key, "no such file"),
        (certificate.chain, tmp_path / "absent", "no such file"),
    ):
        with pytest.raises(InvalidSettings, match=why):
            check_tls(chain, key)


def test_a_key_with_a_passphrase_asks_nobody_for_it(tmp_path: Path, certificate: Certificate) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(certificate.key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"passphrase")
    file = tmp_path / "key.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, locked)
    )
    with pytest.raises(InvalidSettings, match="passphrase"):
        check_tls(certificate.chain, file)
