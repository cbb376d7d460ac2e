"""What a caller gives, as a connector takes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship.connect.given import memory_folder, proxies_of, told_places, uploads_folder
from boxship.errors import InvalidSettings


def test_the_memory_is_where_it_is_told_to_be(home: Path, tmp_path: Path) -> None:
    assert memory_folder(None) is None
    assert memory_folder(tmp_path) == tmp_path
    assert memory_folder("") == home / "cache/boxship/hosts"


def test_what_is_known_of_uploads_is_beside_it_or_nowhere(home: Path, tmp_path: Path) -> None:
    assert uploads_folder(None) is None
    assert uploads_folder(tmp_path) == tmp_path / "uploads"
    assert uploads_folder("") == home / "cache/boxship/hosts/uploads"


def test_a_place_is_told_for_a_host_however_it_is_written() -> None:
    ((name, (address,)),) = told_places({("Reg.Corp.", 443): ("10.0.0.5", 8443)}).items()
    assert name == ("reg.corp", 443)
    assert address.words == "10.0.0.5:8443 (flag --resolve)"


def test_a_place_that_is_no_address_is_said() -> None:
    with pytest.raises(InvalidSettings, match="'nowhere' is no IP address"):
        told_places({("reg.corp", 443): ("nowhere", 443)})


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"])
def test_a_proxy_is_had_where_one_of_the_variables_names_one(name: str) -> None:
    assert proxies_of({name: "http://proxy.corp:3128"}) is not None
    assert proxies_of({name: ""}) is None


def test_without_a_variable_there_is_none() -> None:
    assert proxies_of({"NO_PROXY": "reg.corp", "PROXY": "x"}) is None
