"""An error ends with what took the time and the doctor's command, which can be pasted and has no secret in it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from boxship.cli.hint import READS_PLACES
from boxship.event import Event, Fact
from boxship.formats.oci_layout import OCILayout
from boxship.testing import (
    NEVER,
    ScriptedRegistry,
    black_hole,
    failure,
    html,
    random_image,
    refused,
    serving,
    wrong_digest,
)
from boxship.ui.failure import short_timeline
from tests.cli.running import boxship
from tests.formats.stores import copied, file, in_memory, tar_of

GOOD = ScriptedRegistry()
PASSWORD = "geheim-und-lang"


def line(errors: str, label: str) -> str:
    return next(
        (line.removeprefix(f"  {label}: ") for line in errors.splitlines() if line.startswith(f"  {label}: ")), ""
    )


def test_it_says_what_took_the_time_and_who_looks_further() -> None:
    with black_hole() as hole:
        outcome = boxship("ls", "--connect-timeout", "0.3", "--insecure", f"{hole.address}/app")
        took, more = line(outcome.errors, "took"), line(outcome.errors, "more")
        assert took.startswith(f"TCP {hole.address} dropped ")
        assert took.endswith("ms")
        assert more == f"boxship doctor --insecure {hole.address}/app"


def test_the_command_can_be_pasted() -> None:
    with refused() as place:
        outcome = boxship("manifest", "--plain-http", f"{place.address}/team/app:1.2")
        command = shlex.split(line(outcome.errors, "more"))
        assert command == ["boxship", "doctor", "--plain-http=always", f"{place.address}/team/app:1.2"]
        assert "refuses connections" in boxship(*command[1:]).output


def test_it_has_every_word_that_decides_how_a_host_is_reached_and_no_secret(tmp_path: Path) -> None:
    headers = tmp_path / "headers"
    headers.write_text("X-Team: blue\n")
    words = ("--skip-tls-verify", "--user-agent", "a b", "-4", "--config", str(tmp_path), "--header", f"@{headers}")
    with refused() as place:
        told = (*words, "--resolve", f"reg.test:443:{place.address}", "--resolve", f"reg.test:80:{place.address}")
        secret = ("--username", "ana", "--password", PASSWORD, "--header", f"X-Key: {PASSWORD}")
        outcome = boxship("digest", *told, *secret, "reg.test/app:1")
    assert PASSWORD not in outcome.errors
    command = shlex.split(line(outcome.errors, "more"))
    assert command[:3] == ["boxship", "doctor", "--password-stdin"]
    assert command[-1] == "reg.test/app:1"
    for word in (*told, "--username", "ana"):
        assert word in command
    assert "X-Key" not in outcome.errors


def test_each_of_several_references_has_its_own() -> None:
    with refused() as one, refused() as other:
        wanted = [f"{one.address}/a:1", f"{other.address}/b:2"]
        outcome = boxship("digest", *wanted)
    commands = [text for text in outcome.errors.splitlines() if text.startswith("  more: ")]
    assert commands == [f"  more: boxship doctor {reference}" for reference in wanted]


NAME = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("ping", "AT"), "AT"),
        (("catalog", "http://AT"), "http://AT"),
        (("api", "GET", "AT/v2/"), "AT"),
        (("api", "GET", "http://AT/v2/_catalog?n=5"), "http://AT"),
        (("api", "GET", "AT/v2/team/app/tags/list"), "AT/team/app"),
        (("api", "GET", "AT/v2/app/manifests/1.2?x=1"), "AT/app:1.2"),
        (("api", "GET", f"AT/v2/app/manifests/{NAME}"), f"AT/app@{NAME}"),
        (("api", "GET", f"AT/v2/app/blobs/{NAME}"), "AT/app"),
    ],
)
def test_a_verb_without_a_reference_has_what_it_is_about(words: tuple[str, ...], named: str) -> None:
    with refused() as place:
        outcome = boxship(*(word.replace("AT", place.address) for word in words))
        command = shlex.split(line(outcome.errors, "more"))
        assert command == ["boxship", "doctor", named.replace("AT", place.address)]
        found = boxship(*command[1:])
    assert (found.status, "refuses connections" in found.output) == (8, True)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("copy", "AT/a:1", "127.0.0.1:1/b:1"), "AT/a:1"),
        (("copy", "GOOD/app:v1", "AT/b:1"), "AT/b:1"),
        (("copy", "oci:layout", "AT/b:1"), "AT/b:1"),
        (("pull", "GOOD/app:v1", "AT/a:1", "x.tar"), "AT/a:1"),
        (("push", "layout", "AT/b:1"), "AT/b:1"),
        (("inspect", "AT/a:1"), "AT/a:1"),
        (("mutate", "-l", "a=b", "AT/a:1"), "AT/a:1"),
        (("mutate", "-l", "a=b", "GOOD/app:v1", "-t", "AT/b:1"), "AT/b:1"),
        (("append", "-b", "AT/a:1", "-f", "layer.tar", "-t", "GOOD/b:1"), "AT/a:1"),
        (("index", "append", "-m", "AT/a:1", "-t", "GOOD/b:1"), "AT/a:1"),
        (("validate", "--remote", "AT/a:1"), "AT/a:1"),
        (("untag", "AT/a:1"), "AT/a:1"),
        (("diff", "AT/a:1", "GOOD/app:v1"), "AT/a:1"),
        (("diff", "GOOD/app:v1", "AT/a:1"), "AT/a:1"),
        (("prune", "--keep", "1", "GOOD/app", "AT/a"), "AT/a"),
        (("artifact", "pull", "AT/a:1"), "AT/a:1"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_of_several_places_it_names_the_one_that_failed(
    words: tuple[str, ...], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "layer.tar").write_bytes(tar_of([file("a")]))
    copied(in_memory(random_image(), "1"), "1", OCILayout(tmp_path / "layout"), "app")
    with refused() as place, serving(GOOD) as good:

        def filled(text: str) -> str:
            return text.replace("AT", place.address).replace("GOOD", good.address)

        outcome = boxship(*map(filled, words))
    assert line(outcome.errors, "more") == f"boxship doctor {filled(named)}"


@pytest.mark.parametrize(
    ("answer", "words", "said"),
    [
        (html(200), ("ls", "http://AT/app"), "GET /v2/app/tags/list 200"),
        (failure(403, "DENIED"), ("ls", "http://AT/app"), "GET /v2/app/tags/list 403"),
        (NEVER, ("ls", "--first-byte-timeout", "0.3", "http://AT/app"), "GET /v2/app/tags/list no answer"),
        (wrong_digest(GOOD, "/manifests/"), ("manifest", "http://AT/app:v1"), "GET /v2/app/manifests/v1 200"),
    ],
    ids=["a page for people", "no right", "a server that hangs", "a wrong manifest"],
)
def test_a_wrong_answer_is_in_the_timeline(answer: object, words: tuple[str, ...], said: str) -> None:
    with serving(answer) as server:  # type: ignore[arg-type]
        outcome = boxship(*(word.replace("AT", server.address) for word in words))
    assert said in line(outcome.errors, "took")
    assert line(outcome.errors, "more").startswith("boxship doctor http://")


@pytest.mark.parametrize(
    "words", [("manifest", "AT/app:v9"), ("ls", "AT/App"), ("config", "--platform", "x", "AT/app")]
)
def test_what_is_not_there_or_not_written_well_is_no_case_for_the_doctor(words: tuple[str, ...]) -> None:
    with serving(GOOD) as server:
        outcome = boxship(*(word.replace("AT", server.address) for word in words))
    assert outcome.status in (2, 3)
    assert "boxship doctor" not in outcome.errors


def test_of_a_long_story_its_end_is_told() -> None:
    facts: dict[str, Fact] = {"connection": 1, "method": "GET", "ms": 1.0, "status": 200}
    pages = [Event("Request", "", 1000.0 + page, facts={**facts, "url": f"http://x/v2/{page}"}) for page in range(20)]
    told = short_timeline(pages)
    assert told.startswith("…, GET /v2/12 200 ")
    assert told.endswith("GET /v2/19 200 1.0 ms")
    assert short_timeline(()) == ""


def test_the_doctor_is_not_loaded_where_nothing_fails() -> None:
    program = "import sys; from boxship.cli.main import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    with serving(GOOD) as server:
        loaded = subprocess.run(
            [sys.executable, "-c", program, "ls", f"{server.address}/app"], capture_output=True, text=True, check=True
        )
    assert "v1" in loaded.stdout
    assert "boxship.cli.main" in loaded.stderr
    assert "boxship.doctor" not in loaded.stderr


# How each verb that reads images from files is asked for one.
READ = {
    **dict.fromkeys(("config", "digest", "history", "inspect", "manifest", "referrers", "tree", "validate"), ""),
    "copy": "oci:copied",
    "diff": "docker-archive:app.tar",
    "export": "out.tar",
    "rebase": "-t oci:rebased:1",
    "flatten": "-t oci:flat:1",
    "mutate": "-l a=b -t oci:changed:1",
    "files ls": "",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a command runs in, with an archive and a layout, and a file and a folder that are neither."""
    monkeypatch.chdir(tmp_path)
    copied(in_memory(random_image(), "1"), "1", OCILayout(tmp_path / "layout"), "1")
    assert boxship("copy", "oci:layout:1", "docker-archive:app.tar:app:1").status == 0
    (tmp_path / "text").write_text("no archive")
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_every_verb_that_reads_files_is_asked_here() -> None:
    assert {verb.partition(" ")[0] for verb in READ} == READS_PLACES


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("verb", READ)
def test_a_path_that_is_no_reference_is_told_how_it_is_written(verb: str) -> None:
    outcome = boxship(*verb.split(), "./app.tar", *READ[verb].split())
    assert (outcome.status, outcome.output) == (2, "")
    assert line(outcome.errors, "do") == "write docker-archive:app.tar for the file of that name that is here"
    read = boxship(*verb.split(), "docker-archive:app.tar", *READ[verb].split())
    assert "invalid reference" not in read.errors
    assert read.status == 0 or verb == "rebase"  # which finds no base in it


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("inspect app.tar", "write docker-archive:app.tar for the file of that name that is here"),
        ("copy oci:layout:1 app.tar", "write docker-archive:app.tar for the file of that name that is here"),
        ("validate layout", "write oci:layout for the folder of that name that is here"),
        ("inspect text", ""),
        ("inspect empty", ""),
        ("inspect none", ""),
        ("ls app.tar", ""),
        ("inspect docker.io/library/app.tar", ""),
    ],
)
def test_a_file_that_docker_hub_was_asked_for_is_told_of(words: str, remedy: str) -> None:
    with refused() as hub:
        outcome = boxship(*words.split(), "--resolve", f"registry-1.docker.io:443:{hub.address}")
    assert outcome.status == 5
    told = line(outcome.errors, "do")
    assert (told if "of that name" in told else "", bool(line(outcome.errors, "more"))) == (remedy, not remedy)


@pytest.mark.usefixtures("here")
def test_of_another_registry_that_fails_its_own_remedy_is_told() -> None:
    with refused() as hub, refused() as other:
        words = ("digest", "layout", f"{other.address}/app", "--resolve", f"registry-1.docker.io:443:{hub.address}")
        outcome = boxship(*words)
    assert outcome.errors.count("boxship: ") == 2
    assert outcome.errors.count("of that name") == 1
