"""A file that an option names and that is not there is an error before anything is done, whatever the verb is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from boxship.cli.parsers import parser_of
from boxship.testing import put_image
from boxship.testing import registry as running
from tests.cli.running import boxship
from tests.cli.test_every_verb import every_verb
from tests.formats.stores import file, tar_of

# How each option that reads a file is written where it is not there, as all verbs have it ({app} is an image).
COMMON: Mapping[str, str] = {
    "--ca-file": "--ca-file {absent}",
    "--cert": "--cert {absent}",
    "--key": "--cert {here} --key {absent}",
    "--config": "--config {absent}",
    "--authfile": "--authfile {absent}",
    "--from-secret": "--from-secret {absent}",
    "--header": "--header @{absent}",
    "--trace": "--trace {absent}/trace",
}
# And as single verbs have them.
READ: Mapping[str, str] = {
    "push --image-refs": "push {here} {app} --image-refs {absent}/refs",
    "artifact push --annotation-file": "artifact push {app} --annotation-file {absent} {here}",
    "artifact push --config-file": "artifact push {app} --config-file {absent}:a/b {here}",
    "artifact attach --annotation-file": "artifact attach {app} --artifact-type a/b --annotation-file {absent} {here}",
    "artifact attach --config-file": "artifact attach {app} --artifact-type a/b --config-file {absent} {here}",
    "sync --metrics": "sync {app} {app}-too --metrics {absent}/metrics",
    "sync --apply": "sync --apply {absent}",
    "prune --apply": "prune --apply {absent}",
    "prune --match": "prune {repository} --match @{absent}",
    "prune --exclude": "prune {repository} --keep 1 --exclude @{absent}",
    "prune --immutable": "prune {repository} --keep 1 --immutable @{absent}",
    "prune --in-use": "prune {repository} --keep 1 --in-use {absent}",
    "audit check --lock": "audit check --lock {absent} {here}",
    "audit rewrite --pin": "audit rewrite --pin {absent} {here}",
    "api --data": "api POST {repository} --data @{absent}",
    "registry gc --retention": "registry gc --retention {absent}",
    "registry backup --previous": "registry backup --previous {absent} {absent}",
    "registry serve --oidc-issuer": "registry serve --oidc-issuer https://issuer.test={absent}",
} | {
    f"registry serve --{name}": f"registry serve --{name} {{absent}}"
    for name in ("tls-cert", "tls-key", "tls-client-ca", "htpasswd", "grants", "token-key", "limits", "retention")
}
# Those that need not be there, each with its reason.
LATER: Mapping[str, str] = {
    "--output": "it is written, or made",
    "--cache_path": "it is made",
    "--state": "it is written where it is not there",
    "--audit-log": "it is written; that its folder is not there is said as the registry starts",
    "--disk": "it is made by `serve`; the others say that it is no registry's folder",
    "--tarball": "it may be a place as well, as in oci:folder; what is not there is said at once",
    "--workdir": "it is a folder of the image",
}
_NAMES_A_FILE = re.compile(r"FILE|DIR|LOCK|PLAN|PATH\[:TYPE\]")


def options_of(verb: str) -> Iterator[str]:
    """The options of a verb that name files, by their last names."""
    for action in parser_of(*verb.split())._actions:
        if action.option_strings and _NAMES_A_FILE.search(str(action.metavar)):
            yield action.option_strings[-1]


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    folder = tmp_path_factory.mktemp("named")
    (folder / "here").write_text("here")
    with running() as served:
        put_image(served.address, "app", "1", layers=[tar_of([file("a", b"1")])])
        yield {
            "absent": str(folder / "absent"),
            "here": str(folder / "here"),
            "repository": f"{served.address}/app",
            "app": f"{served.address}/app:1",
        }


def test_every_option_that_names_a_file_is_asked_here() -> None:
    sides = {f"copy --{side}-{option[2:]}" for side in ("from", "to") for option in COMMON}
    unknown = {
        f"{verb} {option}"
        for verb in every_verb()
        for option in options_of(verb)
        if option not in COMMON and option not in LATER and f"{verb} {option}" not in READ
    }
    assert sorted(unknown - sides) == []


@pytest.mark.parametrize("option", COMMON)
def test_what_every_verb_may_be_told_to_read_is_there_or_that_is_said(words: Mapping[str, str], option: str) -> None:
    told = ("ls", "--plain-http", *COMMON[option].format(**words).split(), words["repository"])
    done = boxship(*told)
    assert (done.status, done.output) == (2, "")
    assert f"{option} " in done.errors
    assert words["absent"] in done.errors
    assert "o such file or directory" in done.errors


@pytest.mark.parametrize("option", READ)
def test_what_one_verb_is_told_to_read_is_there_or_that_is_said(words: Mapping[str, str], option: str) -> None:
    done = boxship(*READ[option].format(**words).split())
    assert (done.status, done.output) == (2, "")
    assert option.rsplit(maxsplit=1)[-1] in done.errors
    assert words["absent"] in done.errors
    assert "o such file or directory" in done.errors


def test_a_side_of_a_copy_names_its_own_option(words: Mapping[str, str]) -> None:
    for option in ("--from-ca-file", "--to-cert", "--to-authfile"):
        done = boxship("copy", option, words["absent"], words["app"], f"{words['app']}-too")
        assert (done.status, done.errors.splitlines()[0]) == (2, f"boxship: {option} {words['absent']}")


def test_a_folder_is_no_file_and_a_file_no_folder(words: Mapping[str, str], tmp_path: Path) -> None:
    wrong = {
        ("--authfile", str(tmp_path)): "Is a directory",
        ("--cert", str(tmp_path)): "Is a directory",
        ("--config", words["here"]): "Not a directory",
    }
    for told, why in wrong.items():
        done = boxship("ls", *told, words["repository"])
        assert (done.status, f"{' '.join(told)}\n  why: {why}" in done.errors) == (2, True)


def test_a_log_in_makes_what_it_keeps(words: Mapping[str, str], tmp_path: Path) -> None:
    registry = words["repository"].removesuffix("/app")
    for told in (("--config", str(tmp_path / "new")), ("--authfile", str(tmp_path / "auth.json"))):
        asked = ("login", *told, "-u", "ana", "--password-stdin", registry)
        assert boxship(*asked, given=b"secret").status == 0
        assert boxship("ls", *told, words["repository"]).status == 0
