"""Who does tasks: without the extra there is no cluster, and what is pickled for a worker has no credential in it."""

from __future__ import annotations

import argparse
import pickle
import sys
from pathlib import Path

import pytest

from boxship.cli.commands import sync
from boxship.cli.syncing import in_a_worker, written_of
from boxship.errors import InvalidSettings, MissingExtra
from boxship.reference import Registry
from boxship.sync import cluster as running_there
from boxship.sync.clients import Clients
from boxship.sync.cluster import cluster


def chosen(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    sync.arguments(parser)
    return parser.parse_args(words)


def test_without_the_extra_pip_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(MissingExtra, match=r"pip install 'boxship\[cluster\]'"),
        cluster("tcp://a.invalid:1", lambda: Clients(lambda _: pytest.fail("nobody asks"), {})),
    ):
        pass


def test_a_worker_reads_a_files_passwords_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "sync.yaml"
    file.write_text("""
        version: 1
        creds: [{registry: reg.corp, user: robot, pass: '{{env "WORKERS_OWN"}}'}]
        sync: [{source: reg.corp/a, target: b.corp/a, type: repository}]
        """)
    words = chosen(str(file))
    monkeypatch.setenv("WORKERS_OWN", "the one here")
    sent = pickle.dumps(in_a_worker(words, written_of(words).access))
    assert b"the one here" not in sent
    monkeypatch.setenv("WORKERS_OWN", "s3cret")
    assert b"s3cret" not in sent
    with pickle.loads(sent)() as clients:
        access = clients.at(Registry.parse("reg.corp"))._operations.access
        assert access.credential
        assert access.credential.secret.reveal() == "s3cret"
        assert clients.at(Registry.parse("b.corp"))._operations.access.credential is None
    file.unlink()
    with pytest.raises(InvalidSettings, match="it says passwords, which are not sent") as wrong:
        pickle.loads(sent)()
    assert (wrong.value.what, str(file) in wrong.value.remedy) == (str(file), True)


def test_a_worker_needs_no_file_that_says_no_password(tmp_path: Path) -> None:
    file = tmp_path / "mirror.yaml"
    file.write_text("{hosts: {reg.corp: {concurrency: 3}}, sync: [{source: reg.corp/a, target: b.corp/a}]}")
    words = chosen(str(file))
    sent = pickle.dumps(in_a_worker(words, written_of(words).access))
    file.unlink()  # it is another machine
    with pickle.loads(sent)() as clients:
        assert clients.at(Registry.parse("reg.corp")) is not clients.at(Registry.parse("b.corp"))


class Counting(Clients):
    """Clients that say when they are closed."""

    def __init__(self) -> None:
        super().__init__(lambda _: pytest.fail("nobody asks"), {})
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


class Asked:
    """A task that says with which clients it was done."""

    def run(self, clients: Clients) -> object:
        return clients


def test_a_worker_keeps_clients_for_a_run_and_closes_those_of_runs_that_are_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running_there, "_kept", {})
    first, second, third = (pickle.dumps((run, Counting)) for run in "abc")
    one = running_there._run(Asked(), first)
    assert running_there._run(Asked(), first) is one
    assert running_there._run(Asked(), second) is not one  # its credentials are found anew
    assert isinstance(one, Counting)
    assert not one.is_closed
    monkeypatch.setattr(running_there, "_IDLE", -1.0)
    with running_there._clients_of(second) as busy:
        running_there._run(Asked(), third)
        assert isinstance(busy, Counting)
        assert (one.is_closed, busy.is_closed) == (True, False)


@pytest.mark.parametrize(
    "words", [["--username", "u", "--password-stdin"], ["-u", "u", "-p", "x"], ["--header", "X-Key: secret"]]
)
def test_a_secret_among_the_words_is_sent_to_no_worker(words: list[str]) -> None:
    with pytest.raises(InvalidSettings, match="no credential is sent"):
        in_a_worker(chosen("a.corp/b", "c.corp/d", *words), {})
