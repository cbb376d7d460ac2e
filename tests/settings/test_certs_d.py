"""Folders of certificates: which counts, and what is in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.settings.certs_d import Certificates, read_certificates
from boxship.settings.host_folders import certificate_folders
from boxship.settings.machine import Machine
from boxship.settings.sourced import Sourced
from boxship.settings.trust import Trust


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("")
    return folder


def test_dockers_example(tmp_path: Path) -> None:
    """docs.docker.com, "Verify repository client with certificates"."""
    folder = fill(tmp_path / "localhost:5000", "client.cert", "client.key", "ca.crt", "notes.txt")
    (folder / "sub.crt").mkdir()
    found = read_certificates(folder)
    source = str(folder)
    assert found.authorities == (Sourced(str(folder / "ca.crt"), source),)
    assert found.pair == (Sourced(str(folder / "client.cert"), source), Sourced(str(folder / "client.key"), source))


@pytest.mark.parametrize(
    ("names", "wrong", "why"),
    [
        (("client.cert",), "client.cert", "no client.key"),
        (("client.key",), "client.key", "no client.cert"),
        (("a.cert", "a.key", "b.key"), "b.key", "no b.cert"),
    ],
)
def test_half_a_pair(tmp_path: Path, names: tuple[str, ...], wrong: str, why: str) -> None:
    folder = fill(tmp_path / "reg", *names)
    with pytest.raises(InvalidSettings, match=why) as caught:
        read_certificates(folder)
    assert caught.value.file == str(folder / wrong)


def test_containerd_takes_a_certificate_with_its_key_in_it(tmp_path: Path) -> None:
    folder = fill(tmp_path / "reg", "client.cert")
    assert read_certificates(folder, lone=True).pair == (Sourced(str(folder / "client.cert"), str(folder)), None)


def test_several_pairs(tmp_path: Path) -> None:
    found = read_certificates(fill(tmp_path / "reg", "b.cert", "b.key", "a.cert", "a.key"))
    assert found.pair
    assert Path(found.pair[0].value).name == "a.cert"
    assert [Path(other.value).name for other in found.others] == ["b.cert"]


def test_nothing(tmp_path: Path) -> None:
    assert not read_certificates(tmp_path / "none")
    (tmp_path / "file").write_text("")
    assert read_certificates(tmp_path / "file" / "none") == Certificates()


def test_order(home: Path) -> None:
    """podman's, which ends with docker's; then that of a docker without root."""
    assert [
        str(folder.relative_to(home)) for _, folder in certificate_folders("reg.corp:5000", Machine.of(os.environ))
    ] == [
        ".config/containers/certs.d/reg.corp:5000",
        "etc/containers/certs.d/reg.corp:5000",
        "etc/docker/certs.d/reg.corp:5000",
        "config/docker/certs.d/reg.corp:5000",
    ]


def test_windows_has_no_colon_in_names() -> None:
    machine = Machine.of({"PROGRAMDATA": "P", "HOME": "/h"}, windows=True)
    assert ("docker", Path("P/docker/certs.d/reg.corp5000")) in list(certificate_folders("reg.corp:5000", machine))


def test_a_flag_comes_first(tmp_path: Path) -> None:
    found = read_certificates(fill(tmp_path / "reg", "ca.crt", "client.cert", "client.key"))
    told = Trust.of({}, certificate="mine.pem", ca_files=["my-ca.pem"])
    held = found.into(told)
    assert held.certificate == Sourced("mine.pem", "flag --cert")
    assert [Path(file.value).name for file in held.added] == ["my-ca.pem", "ca.crt"]
    assert found.into(held) == held
    mine = found.into(Trust.of({}))
    assert (mine.certificate, mine.key) == found.pair
