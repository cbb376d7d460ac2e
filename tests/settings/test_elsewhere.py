"""Other programs' files for a host: where those programs look, in their order, and what is certain of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from boxship.reference import Reference
from boxship.settings.elsewhere import Foreign, foreign_files
from tests.explain.machine import write


def found(image: str = "reg.corp/team/app") -> dict[str, Foreign]:
    """What there is, by its file."""
    reference = Reference.parse(image)
    return {str(file.file): file for file in foreign_files(reference.registry, reference.repository, os.environ)}


def says(home: Path, conf: str, image: str = "reg.corp/team/app") -> str:
    write(home / "etc/containers/registries.conf", conf)
    files = found(image)
    return "".join(file.says for file in files.values())


def table(**fields: str) -> str:
    return "[[registry]]\n" + "".join(f"{name} = {value}\n" for name, value in fields.items())


def test_nothing_is_found_where_there_is_nothing() -> None:
    assert found() == {}


@pytest.mark.parametrize(
    ("prefix", "image", "matches"),
    [
        ("reg.corp", "reg.corp/team/app", True),
        ("reg.corp", "reg.corp:5000/app", True),
        ("reg.corp/team", "reg.corp/team/app", True),
        ("reg.corp/team/", "reg.corp/team/app", True),
        ("reg.corp/tea", "reg.corp/team/app", False),
        ("*.corp", "reg.corp/team/app", True),
        ("*.corp", "a.reg.corp:5000/app", True),
        ("*.corp", "corp.example/app", False),
        ("docker.io/library", "alpine", True),
        ("eg.corp", "reg.corp/app", False),
    ],
)
def test_a_table_is_for_a_prefix_that_ends_with_a_part(prefix: str, image: str, *, matches: bool, home: Path) -> None:
    assert says(home, table(prefix=f'"{prefix}"', insecure="true"), image) == ("insecure" if matches else "")


def test_the_longest_prefix_is_the_one_and_a_drop_in_replaces_it(home: Path) -> None:
    conf = table(location='"reg.corp"', insecure="true") + table(prefix='"reg.corp/team"', blocked="true")
    assert says(home, conf) == "blocked"
    drop_in = write(home / "etc/containers/registries.conf.d/a.conf", table(prefix='"reg.corp/team"', insecure="true"))
    assert found()[str(drop_in)].insecure
    assert len(found()) == 1


def test_the_users_own_file_hides_the_machines(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / "etc/containers/registries.conf", table(location='"reg.corp"', insecure="true"))
    own = write(home / ".config/containers/registries.conf", table(location='"other.corp"', insecure="true"))
    assert found() == {}
    assert str(own) in found("other.corp/app")
    told = write(home / "told.conf", table(location='"reg.corp"', blocked="true"))
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(told))
    assert [str(file) for file in found()] == [str(told)]


def test_mirrors_and_another_location_are_told(home: Path) -> None:
    conf = table(prefix='"reg.corp"', location='"new.corp"') + '[[registry.mirror]]\nlocation = "mirror.corp"\n'
    assert says(home, conf) == "asks mirror.corp first, is at new.corp"


@pytest.mark.parametrize(
    "content", ["[[", "registry = 3\n", "[[registry]]\nprefix = 3\n", "registry = [3]\n", "\xff\xfe"]
)
@pytest.mark.parametrize(
    "file",
    [
        "etc/containers/registries.conf",
        "etc/containerd/certs.d/reg.corp/hosts.toml",
        "etc/containerd/certs.d/_default/hosts.toml",
    ],
)
def test_a_broken_file_is_told_or_passed_over(file: str, content: str, home: Path) -> None:
    (home / file).parent.mkdir(parents=True)
    (home / file).write_bytes(content.encode("latin-1"))
    assert all(not foreign.insecure for foreign in found().values())
    assert {foreign.says for foreign in found().values()} <= {"is not TOML", ""}


def test_containerd_takes_the_folder_of_the_port_first_and_the_default_last(home: Path) -> None:
    folder = home / "etc/containerd/certs.d"
    for name in ("_default", "reg.corp:5000", "reg.corp_5000_"):
        write(folder / name / "hosts.toml", f'server = "https://{name.strip("_")}"\n')
    image = "reg.corp:5000/app"
    for name in ("reg.corp_5000_", "reg.corp:5000", "_default"):
        assert list(found(image)) == [str(folder / name / "hosts.toml")]
        (folder / name / "hosts.toml").unlink()
        (folder / name).rmdir()


def test_only_the_first_folder_of_certificates_counts_for_podman(home: Path) -> None:
    machine = write(home / "etc/containers/certs.d/reg.corp/ca.crt", "").parent
    docker = write(home / "etc/docker/certs.d/reg.corp/ca.crt", "").parent
    assert {str(machine), str(docker)} == set(found())
    own = write(home / ".config/containers/certs.d/reg.corp/ca.crt", "").parent
    assert {str(own), str(docker)} == set(found())


def test_the_file_of_k3s_is_there_for_every_host(home: Path) -> None:
    file = write(home / "etc/rancher/k3s/registries.yaml", "mirrors: {}\n")
    assert str(found()[str(file)]) == f"k3s's {file}"
