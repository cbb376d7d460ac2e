"""`boxship registry`: its actions, each with help and an example, and what they print and end with."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest

from boxship.cli.commands.registry import ACTIONS, gc
from boxship.errors import BoxshipError
from boxship.server.options import OPTIONS
from boxship.server.upkeep.garbage import Link
from boxship.server.upkeep.removal import Removal
from boxship.testing import RunningRegistry, put_blob, put_image, registry
from tests.cli.running import COMMAND, PATIENCE, begin, boxship, three_parts
from tests.peers.certificates import issue


@pytest.fixture
def served(tmp_path: Path) -> RunningRegistry:
    """A registry's folder with an image in it, after the registry has ended."""
    with registry(tmp_path / "registry") as running:
        put_image(running.address, "team/app", "v1")
    return running


def blob(folder: Path) -> Path:
    return next(path for path in (folder / "blobs").rglob("*") if path.is_file())


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_has_help_that_begins_with_an_example(action: str) -> None:
    shown = boxship("registry", action, "--help")
    assert shown.status == 0
    example = shown.output.splitlines()[0].removeprefix("example: ")
    assert example.startswith(f"boxship registry {action} ")
    assert ACTIONS[action] in " ".join(boxship("registry", "--help").output.split())


@pytest.mark.parametrize("action", ACTIONS)
def test_the_example_of_an_action_can_be_parsed(action: str) -> None:
    module = import_module(f"boxship.cli.commands.registry.{action}")
    parser = argparse.ArgumentParser(exit_on_error=False)
    module.arguments(parser)
    words = [word for word in module.EXAMPLE.split("#")[0].split() if word != "<"]
    parser.parse_args([word.strip("'") for word in words[3:]])


@pytest.mark.parametrize("words", [(), ("sing",), ("serve", "--workers", "x"), ("backup",), ("serve", "--adress", "x")])
def test_what_is_no_action_or_option_is_a_usage_error(words: tuple[str, ...]) -> None:
    assert boxship("registry", *words).status == 2


@pytest.mark.parametrize(
    "words",
    [("gc",), ("serve", "--address", "127.0.0.1:0")],
)
def test_a_database_that_another_program_holds_is_told_in_words(
    served: RunningRegistry, words: tuple[str, ...]
) -> None:
    with closing(sqlite3.connect(served.folder / "registry.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        outcome = boxship("registry", *words, "--disk", str(served.folder))
    what, why, remedy = three_parts(outcome)
    assert (outcome.status, what) == (1, f"the database {served.folder / 'registry.db'} is busy")
    assert why
    assert remedy


@pytest.mark.parametrize("words", [("user", "list"), ("gc",), ("scrub",), ("check",), ("backup", "copy")])
def test_a_damaged_database_is_told_in_words(served: RunningRegistry, tmp_path: Path, words: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(served.folder / "registry.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (served.folder / "registry.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"x" * 10**6)
    words = tuple(str(tmp_path / word) if word == "copy" else word for word in words)
    outcome = boxship("registry", *words, "--disk", str(served.folder))
    assert outcome.status in (2, 6)
    assert "restore a backup" in three_parts(outcome)[2]


def test_every_option_of_serve_stands_in_its_help() -> None:
    shown = boxship("registry", "serve", "--help").output
    assert [option.flag for option in OPTIONS if option.flag not in shown] == []


def test_serving_says_one_line_on_stdout_and_what_to_do_next_on_stderr(tmp_path: Path) -> None:
    with begin("registry", "serve", "--address", "127.0.0.1:0", "--disk", str(tmp_path / "new")) as process:
        assert process.stdout
        line = process.stdout.readline().decode()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (0, b"")
    address = line.removeprefix("serving http://").strip()
    assert f"boxship catalog {address}" in errors.decode()
    assert f"data: {tmp_path / 'new'}" in errors.decode()


@pytest.mark.parametrize(
    ("options", "name"), [((), "localhost"), (("--host-name", "reg.corp", "--host-name", "reg"), "reg.corp")]
)
def test_what_to_do_next_where_others_are_served_names_what_can_be_dialled(
    options: tuple[str, ...], name: str, tmp_path: Path
) -> None:
    certificate = issue(tmp_path, "reg.corp")
    secured = ("--tls-cert", str(certificate.chain), "--tls-key", str(certificate.key), "--anonymous", "pull")
    words = ("registry", "serve", "--address", ":0", "--disk", str(tmp_path / "new"), *secured, *options)
    with begin(*words) as process:
        assert process.stdout
        port = process.stdout.readline().decode().strip().rpartition(":")[2]
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[1].decode()
    assert f"boxship catalog {name}:{port}\n" in said
    assert f"skopeo copy docker://busybox docker://{name}:{port}/busybox\n" in said


def test_an_address_in_use_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with registry() as running:
        outcome = boxship("registry", "serve", "--address", running.address, "--disk", str(tmp_path))
    what, why, remedy = three_parts(outcome)
    assert (outcome.status, why) == (2, "address already in use")
    assert running.address in what
    assert remedy


def test_a_current_folder_that_was_removed_is_told_in_words(tmp_path: Path) -> None:
    serve = shlex.join(
        [*COMMAND, "registry", "serve", "--address", "127.0.0.1:0", "--disk", str(tmp_path / "registry")]
    )
    (tmp_path / "gone").mkdir()
    removing = f"cd {shlex.quote(str(tmp_path / 'gone'))} && rmdir ../gone && exec {serve}"
    ended = subprocess.run(["sh", "-c", removing], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("boxship: the current folder\n  why: it was removed\n")


def test_a_folder_in_order_checks_with_0_and_one_that_is_not_with_8(served: RunningRegistry) -> None:
    found = boxship("registry", "check", "--disk", str(served.folder))
    assert (found.status, found.output) == (0, "")
    assert re.fullmatch(r"\d blobs and 1 manifest: all there\n", found.errors)
    name = blob(served.folder).name
    blob(served.folder).unlink()
    found = boxship("registry", "check", "--disk", str(served.folder))
    assert found.status == 8
    assert name in found.output


def test_a_backup_is_made_restored_and_exported(served: RunningRegistry, tmp_path: Path) -> None:
    made = boxship("registry", "backup", "--disk", str(served.folder), str(tmp_path / "backup"))
    assert (made.status, made.errors) == (0, "")
    assert made.output.startswith(f"{tmp_path / 'backup'}: ")
    again = boxship("registry", "restore", "--disk", str(tmp_path / "again"), str(tmp_path / "backup"))
    assert (again.status, again.errors) == (0, "")
    written = boxship("registry", "export", "--disk", str(tmp_path / "again"), str(tmp_path / "layout"), "team/app")
    assert (written.status, written.errors) == (0, "")
    (entry,) = json.loads((tmp_path / "layout" / "index.json").read_text())["manifests"]
    assert entry["annotations"] == {"org.opencontainers.image.ref.name": "v1"}


def test_a_backup_of_a_registry_that_lost_a_file_ends_with_8_and_a_damaged_one_is_not_restored(
    served: RunningRegistry, tmp_path: Path
) -> None:
    lost = blob(served.folder)
    lost.unlink()
    made = boxship("registry", "backup", "--disk", str(served.folder), str(tmp_path / "backup"))
    assert made.status == 8
    assert lost.name in made.errors
    blob(tmp_path / "backup").unlink()
    again = boxship("registry", "restore", "--disk", str(tmp_path / "again"), str(tmp_path / "backup"))
    what, why, remedy = three_parts(again)
    assert (again.status, what) == (6, f"the backup {tmp_path / 'backup'} is damaged")
    assert "1 wrong" in why
    assert remedy
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("words", [("check",), ("backup", "new"), ("export", "new")])
def test_what_is_no_registry_is_not_made_one(words: tuple[str, ...], tmp_path: Path) -> None:
    outcome = boxship("registry", *words[:1], "--disk", str(tmp_path / "none"), *(str(tmp_path / w) for w in words[1:]))
    assert outcome.status == 2
    assert three_parts(outcome)[1] == "it is no registry's folder"
    assert list(tmp_path.iterdir()) == []


def test_gc_shows_what_would_go_and_takes_it_away_while_the_registry_serves(tmp_path: Path) -> None:
    with registry(tmp_path / "registry") as running:
        put_image(running.address, "team/app", "v1")
        orphaned = put_blob(running.address, "team/app", b"nobody's")
        words = ("registry", "gc", "--disk", str(running.folder), "--grace", "0")
        shown = boxship(*words, "--dry-run")
        assert (shown.status, str(orphaned) in shown.output) == (0, True)
        assert shown.errors == "2 to go, 8 bytes; nothing was changed\n"
        taken = boxship(*words)
        assert taken.status == 0
        assert "links 1" in taken.output
        assert taken.errors.startswith("1 blob goes with the next sweep: requests that began before may need it")
        assert boxship("ls", f"{running.address}/team/app").output == "v1\n"
    taken = boxship(*words)
    assert ("deleted 1" in taken.output, taken.errors) == (True, "")
    assert boxship(*words, "--dry-run").output == ""
    assert boxship("registry", "check", "--disk", str(running.folder)).status == 0


def test_gc_says_whether_it_had_begun_when_another_process_sweeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with registry(tmp_path / "registry") as running:
        put_blob(running.address, "team/app", b"nobody's")
    parser = argparse.ArgumentParser()
    gc.arguments(parser)
    chosen = parser.parse_args(["--disk", str(running.folder), "--grace", "0"])
    unlink = Removal.unlink

    async def lose(removal: Removal, links: Sequence[Link]) -> int:
        with closing(sqlite3.connect(running.folder / "registry.db")) as connection, connection:
            connection.execute("UPDATE lease SET holder = 'another'")
        return await unlink(removal, links)

    monkeypatch.setattr(Removal, "unlink", lose)
    with pytest.raises(BoxshipError, match="the sweep was left half way"):
        gc.run(chosen)
    with pytest.raises(BoxshipError, match="nothing was swept"):
        gc.run(chosen)


def test_gc_keeps_what_is_young(served: RunningRegistry) -> None:
    assert boxship("registry", "gc", "--disk", str(served.folder), "--untagged", "--dry-run").output == ""


def test_silent_damage_is_found_by_a_scrub_and_set_aside(served: RunningRegistry) -> None:
    words = ("--disk", str(served.folder))
    assert boxship("registry", "scrub", *words, "--older", "1").output == ""
    rotten = blob(served.folder)
    times = rotten.stat()
    rotten.chmod(0o600)
    rotten.write_bytes(bytes(rotten.stat().st_size))
    os.utime(rotten, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert boxship("registry", "check", *words).status == 0
    found = boxship("registry", "scrub", *words, "--rate", "100")
    assert (found.status, found.output) == (8, f"sha256:{rotten.name}: damaged\n")
    assert not rotten.exists()
    assert boxship("registry", "check", *words).status == 8


def test_what_can_be_repaired_is_when_nobody_serves(served: RunningRegistry) -> None:
    words = ("registry", "check", "--disk", str(served.folder))
    orphan = served.folder / "blobs" / "sha256" / "00" / ("0" * 64)
    orphan.parent.mkdir(exist_ok=True)  # a blob of the image may be there, too
    orphan.write_bytes(b"orphan")
    with registry(served.folder):
        assert boxship(*words, "--repair").status == 2
    done = boxship(*words, "--repair")
    assert (done.status, done.output.count("0" * 64)) == (0, 1)
    assert "before the repair" in done.errors
    assert boxship(*words).status == 0
