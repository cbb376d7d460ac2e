"""`boxship completion`: what a line may go on with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from boxship.cli.completion import completions, shown, words_of
from boxship.testing import ScriptedRegistry, put_tags, registry, serving
from tests.auth.guarded import pair
from tests.cli.running import boxship


class Known:
    def hosts(self) -> Iterable[str]:
        return ("reg.corp", "ghcr.io")

    def repositories(self, host: str) -> Iterable[str]:
        return ("team/app", "team/api") if host == "reg.corp" else ()

    def tags(self, repository: str) -> Iterable[str]:
        return ("v1", "v2", "latest") if repository == "reg.corp/team/app" else ()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("boxship dig", ["digest"]),
        ("boxship nonsense ", []),
        ("boxship index fi", ["filter"]),
        ("boxship index nonsense ", []),
        ("boxship ls --plain-http=a", ["--plain-http=always", "--plain-http=auto"]),
        ("boxship ls --ful", ["--full-ref"]),
        ("boxship pull --format oci", ["oci", "oci-archive"]),
        ("boxship pull --format=d", ["--format=docker-archive", "--format=dir"]),
        ("boxship ls re", ["reg.corp/"]),
        ("boxship ls reg.corp/", ["reg.corp/team/app", "reg.corp/team/api"]),
        ("boxship ls --last v1 reg.corp/team/ap", ["reg.corp/team/app", "reg.corp/team/api"]),
        ("boxship tags reg.corp/team/api", ["reg.corp/team/api"]),
        ("boxship ls reg.corp/team/app:", []),
        ("boxship ls reg.corp/team/app reg", []),
        ("boxship catalog g", ["ghcr.io"]),
        ("boxship digest reg.corp/team/app:v", ["reg.corp/team/app:v1", "reg.corp/team/app:v2"]),
        ("boxship digest reg.corp/x reg.corp/team/app:l", ["reg.corp/team/app:latest"]),
        ("boxship mutate -t reg.corp/team/app:l", ["reg.corp/team/app:latest"]),
        ("boxship copy o", ["oci:", "oci-archive:"]),
        ("boxship artifact pull reg.corp/team/app:l", ["reg.corp/team/app:latest"]),
        ("boxship untag reg.corp/team/app:l", ["reg.corp/team/app:latest"]),
        ("boxship explain re", ["reg.corp/"]),
        ("boxship digest 'reg.corp/team/app:l", ["reg.corp/team/app:latest"]),
        ("boxship digest ghcr.io/a:", []),
        ("boxship version ", []),
        ("boxship", []),
        ("boxship ls --plain-http reg.corp/team/ap", ["reg.corp/team/app", "reg.corp/team/api"]),
    ],
)
def test_a_line_goes_on(line: str, found: list[str]) -> None:
    assert completions([word.strip("'") for word in words_of(line)], Known()) == found


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("boxship", ["boxship"]),
        ("boxship ", ["boxship", ""]),
        ("boxship ls 'a b'", ["boxship", "ls", "a b"]),
        ("boxship ls 'a b", ["boxship", "ls", "'a", "b"]),
        ("boxship ls a#b ", ["boxship", "ls", "a#b", ""]),
        ("", [""]),
    ],
)
def test_a_line_has_words(line: str, words: list[str]) -> None:
    assert words_of(line) == words


def test_bash_gets_what_follows_the_letters_that_end_its_words() -> None:
    assert shown(["reg:5000/app:v1"], "reg:5000/app:v", "=:") == ["v1"]
    assert shown(["--format=oci"], "--format=", "=:") == ["oci"]
    assert shown(["reg/app:v1"], "reg/app:v", "") == ["reg/app:v1"]


def test_names_are_those_that_registries_have(tmp_path: Path) -> None:
    folder = tmp_path / ".docker"
    folder.mkdir()
    with registry() as running:
        put_tags(running.address, "team/app", ["v1", "v2"])
        keys = (running.address, "https://index.docker.io/v1/", "REG.corp/v2/")
        (folder / "config.json").write_text(json.dumps({"auths": {key: {"auth": pair("a:b")} for key in keys}}))

        def found(line: str) -> list[str]:
            completed = boxship("completion", "zsh", "--line", line, env={"HOME": str(tmp_path)})
            assert (completed.status, completed.errors) == (0, "")
            return completed.output.split()

        assert found("boxship catalog ") == [running.address, "docker.io", "reg.corp"]
        assert found("boxship ls 127.") == [f"{running.address}/"]
        assert found(f"boxship ls {running.address}/t") == [f"{running.address}/team/app"]
        assert found(f"boxship digest {running.address}/team/app:") == [
            f"{running.address}/team/app:v{n}" for n in (1, 2)
        ]
        assert found("boxship digest 127.0.0.1:1/app:") == []


def test_nothing_that_a_shell_would_run_is_a_name() -> None:
    with serving(ScriptedRegistry(tags=("v1", "$(reboot)", "`reboot`", "v1;reboot", "v 2", "é"))) as server:
        repository = f"{server.url.removeprefix('http://')}/app"
        completed = boxship("completion", "zsh", "--line", f"boxship digest {repository}:")
    assert completed.output == f"{repository}:v1\n"
