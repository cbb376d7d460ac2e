"""What a registry is told by options and cannot be, or cannot have: it is refused in words, before it serves."""

from __future__ import annotations

import argparse
import errno
import socket
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.server import options
from boxship.server.options import OPTIONS
from boxship.server.plan import Plan
from boxship.server.running.address import Address, bind
from boxship.server.storage.layout import Layout

NUMBERS = [option.flag for option in OPTIONS if option.metavar in ("SECONDS", "BYTES", "N")]


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "much", ""])
@pytest.mark.parametrize("flag", NUMBERS)
def test_what_is_no_amount_is_refused(flag: str, text: str) -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    options.arguments(parser)
    with pytest.raises((argparse.ArgumentError, InvalidSettings)) as refused:
        options.plan(parser.parse_args([f"{flag}={text}"]))
    assert flag in str(refused.value)


@pytest.mark.parametrize(("port", "address"), [(None, "127.0.0.1:5000"), ("5123", "127.0.0.1:5123")])
def test_a_platform_says_the_port_by_its_variable(
    port: str | None, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PORT", raising=False)
    if port:
        monkeypatch.setenv("PORT", port)
    parser = argparse.ArgumentParser()
    options.arguments(parser)
    assert options.plan(parser.parse_args([])).address == address
    assert options.plan(parser.parse_args(["--address", ":80"])).address == ":80"


@pytest.mark.parametrize("port", ["abc", "", "65536", "-1", "::1"])
def test_a_variable_that_is_no_port_is_blamed_by_its_name_where_it_counts(
    port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", port)
    parser = argparse.ArgumentParser()
    options.arguments(parser)
    with pytest.raises(InvalidSettings, match=f"^PORT: '{port}' is no port"):
        options.plan(parser.parse_args([]))
    assert options.plan(parser.parse_args(["--address", ":80"])).address == ":80"


@pytest.mark.parametrize("seconds", [-0.1, float("nan"), float("inf")])
def test_a_program_cannot_plan_a_grace_that_never_ends(seconds: float) -> None:
    with pytest.raises(InvalidSettings, match="--grace"):
        Plan(grace=seconds)


def test_a_folder_without_a_name_is_not_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidSettings, match="names no folder"):
        Plan(folder="")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "remedy"),
    [(errno.EADDRINUSE, "port 0"), (errno.EADDRNOTAVAIL, "this machine has"), (errno.EACCES, "above 1023")],
)
def test_an_address_that_cannot_be_had_has_a_remedy_of_its_own(
    code: int, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise OSError(code, "no")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(InvalidSettings) as refused:
        bind(Address("192.0.2.1", 80))
    assert remedy in refused.value.remedy


@pytest.mark.parametrize(("code", "remedy"), [(errno.ENOSPC, "make room"), (errno.EROFS, "another folder")])
def test_a_folder_that_a_disk_does_not_take_is_refused_in_words_and_made_by_the_next(
    code: int, remedy: str, tmp_path: Path
) -> None:
    def refuse(self: Path, target: object) -> None:
        raise OSError(code, "No, says the disk")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", refuse)  # the last that is done to make it
        with pytest.raises(InvalidSettings, match="No, says the disk") as refused:
            Layout(tmp_path / "registry")
    assert remedy in refused.value.remedy
    Layout(tmp_path / "registry", alone=True).close()


@pytest.mark.parametrize("text", ["reg.corp", "https://", "https://reg.corp/path", "ftp://reg.corp", "https://a@b"])
def test_a_url_below_which_no_client_finds_tokens_is_refused(text: str) -> None:
    parser = argparse.ArgumentParser()
    options.arguments(parser)
    with pytest.raises(SystemExit):
        options.plan(parser.parse_args([f"--url={text}"]))


def test_a_slash_at_the_end_of_a_url_stands_in_no_realm() -> None:
    parser = argparse.ArgumentParser()
    options.arguments(parser)
    assert options.plan(parser.parse_args(["--url", "https://reg.corp/"])).settings.url == "https://reg.corp"
