from __future__ import annotations

import json
import os
import re
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from boxship.auth.helper import ask_helper, erase_in, store_in
from boxship.connect.deadline import Work
from boxship.credential import Credential, Secret
from boxship.errors import Cancelled, CredentialFailed

Write = Callable[[str], None]
ANSWER = """echo '{"ServerURL": "reg.corp", "Username": "me", "Secret": "hunter2"}'"""


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the program docker-credential-x, in `sh`, into a folder on PATH (which is the working directory too)."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)

    def write(script: str) -> None:
        program = tmp_path / "docker-credential-x"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return write


def test_a_helper_is_told_the_key_on_standard_input_and_nothing_in_its_arguments(helper: Write) -> None:
    helper(f'cat > asked; echo "$@" > arguments; {ANSWER}')
    assert ask_helper("x", "https://index.docker.io/v1/") == Credential.password(
        "me", Secret("hunter2"), source="docker-credential-x"
    )
    assert Path("asked").read_text() == "https://index.docker.io/v1/"
    assert Path("arguments").read_text() == "get\n"


def test_a_credential_says_who_named_its_helper(helper: Write) -> None:
    helper(ANSWER)
    credential = ask_helper("x", "reg.corp", source="config.json:2")
    assert credential
    assert credential.source == "docker-credential-x, as config.json:2 says"


def test_the_user_token_means_an_identity_token(helper: Write) -> None:
    helper("""echo '{"Username": "<token>", "Secret": "hunter2"}'""")
    assert ask_helper("x", "reg.corp") == Credential.identity_token(Secret("hunter2"), source="docker-credential-x")


@pytest.mark.parametrize(
    "script",
    [
        "echo 'credentials not found in native keychain'; exit 1",
        "printf '  credentials not found in native keychain\\n\\n'; echo noise >&2; exit 3",
        """echo '{"ServerURL": "reg.corp", "Username": "", "Secret": ""}'""",
        "echo '{}'",
    ],
)
def test_nothing_found_is_no_error(helper: Write, script: str) -> None:
    helper(script)
    assert ask_helper("x", "reg.corp") is None


@pytest.mark.parametrize(
    ("answer", "username"),
    [
        ('{"username": "me", "SECRET": "p"}', "me"),
        ('{"Username": "me", "Secret": "p", "Extra": [1]}', "me"),
        ('{"Username": "me"}', "me"),
        ('{"Username": "mé", "Secret": "ü"}', "mé"),
    ],
)
def test_an_answer_is_read_as_go_reads_it(helper: Write, answer: str, username: str) -> None:
    helper(f"cat <<'END'\n{answer}\nEND")
    credential = ask_helper("x", "reg.corp")
    assert credential
    assert credential.username == username


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo rubbish hunter2", "not the protocol's: is not JSON"),
        ("true", "not the protocol's: is not JSON"),
        ("printf '\\377\\376'", "not the protocol's: is not UTF-8"),
        ("""echo '["hunter2"]'""", "should be a JSON object, is a list"),
        ("""echo '{"Username": "me", "Secret": 7}'""", "secret: should be a string, is a whole number"),
        ("""echo '{"Secret": "hunter2"}'""", "a secret and no user name"),
        ("echo 'no credentials server URL'; exit 1", "status 1: no credentials server URL"),
        ("echo 'no credentials username'; exit 1", "status 1: no credentials username"),
        ("echo 'keychain is locked'; echo 'gpg: failed' >&2; exit 2", "status 2: keychain is locked: gpg: failed"),
        ("printf 'a\\nb\\033[31m\\n' >&2; exit 1", r"status 1: b \[31m$"),
        (f"{ANSWER}; exit 1", "status 1$"),
        ("kill -TERM $$", "signal 15 ended it"),
        ("exit 127", "status 127"),
    ],
)
def test_what_goes_wrong_is_said_without_a_secret(helper: Write, script: str, why: str) -> None:
    helper(script)
    with pytest.raises(CredentialFailed, match="docker-credential-x") as caught:
        ask_helper("x", "reg.corp")
    assert caught.value.exit_status == 4
    assert "hunter2" not in str(caught.value)
    assert re.search(why, caught.value.why)
    assert caught.value.remedy == "see for yourself: echo reg.corp | docker-credential-x get"


def test_a_helper_that_is_not_installed_is_said_with_who_named_it(helper: Write) -> None:
    with pytest.raises(CredentialFailed, match="docker-credential-y: it is not on PATH") as caught:
        ask_helper("y", "reg.corp", source="config.json:2")
    assert caught.value.remedy == "config.json:2 names it; install it, or take its name out"


def test_a_program_in_the_working_directory_is_not_run(helper: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    helper("touch ran")
    monkeypatch.setenv("PATH", f".{os.pathsep}")
    with pytest.raises(CredentialFailed, match="not on PATH"):
        ask_helper("x", "reg.corp")
    assert not Path("ran").exists()


@pytest.mark.parametrize("name", ["", "../x", "/bin/sh", "a b", "a\\b", "x\0", "x\n"], ids=repr)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(CredentialFailed, match="no helper's name"):
        ask_helper(name, "reg.corp")


def test_a_program_that_cannot_be_run_is_said(helper: Write, tmp_path: Path) -> None:
    program = tmp_path / "docker-credential-x"
    program.write_bytes(b"\x7fELF rubbish")
    program.chmod(stat.S_IRWXU)
    with pytest.raises(CredentialFailed, match="cannot be run: Exec format error"):
        ask_helper("x", "reg.corp")


def test_a_helper_that_does_not_answer_is_ended_with_its_children(helper: Write) -> None:
    helper("sleep 60 & echo $! > child; echo $$ > parent; sleep 60")
    started = time.monotonic()
    with pytest.raises(CredentialFailed, match=r"no answer within 0.3 s .*echo reg.corp \| docker-credential-x get"):
        ask_helper("x", "reg.corp", timeout=0.3)
    assert time.monotonic() - started < 5
    assert ended("child")
    assert ended("parent")


def test_a_helper_that_nobody_waits_for_any_more_is_ended(helper: Write) -> None:
    helper("echo $$ > parent; sleep 60")
    work = Work()
    threading.Timer(0.2, work.cancel).start()
    with pytest.raises(Cancelled, match="docker-credential-x"):
        ask_helper("x", "reg.corp", watch=work.watch)
    assert ended("parent")


def test_a_cancelled_operation_asks_nobody(helper: Write) -> None:
    helper("sleep 60")
    work = Work()
    work.cancel()
    with pytest.raises(Cancelled):
        ask_helper("x", "reg.corp", watch=work.watch)


def test_who_watches_is_told_when_the_wait_is_over(helper: Write) -> None:
    helper(ANSWER)
    seen: list[str] = []

    @contextmanager
    def watch(_: Callable[[], None]) -> Iterator[None]:
        seen.append("begins")
        yield
        seen.append("ends")

    assert ask_helper("x", "reg.corp", watch=watch)
    assert seen == ["begins", "ends"]


@pytest.mark.parametrize("script", ["yes", "yes >&2", "exec >&- 2>&-; sleep 60"], ids=["output", "errors", "closed"])
def test_a_helper_that_writes_or_lingers_without_end_is_ended(helper: Write, script: str) -> None:
    helper(script)
    with pytest.raises(CredentialFailed, match=r"more than 1 MiB|no answer within"):
        ask_helper("x", "reg.corp", timeout=0.5)


def test_much_on_standard_error_does_not_stand_in_the_way(helper: Write) -> None:
    helper(f"head -c 1000000 /dev/zero >&2; {ANSWER}")
    assert ask_helper("x", "reg.corp")


def test_an_answer_counts_though_a_child_lives_on_and_holds_the_pipes(helper: Write) -> None:
    helper(f"sleep 20 & {ANSWER}; echo $! > child")
    started = time.monotonic()
    assert ask_helper("x", "reg.corp")
    assert time.monotonic() - started < 5
    os.kill(int(Path("child").read_text()), 9)


def test_a_helper_that_does_not_read_its_question_may_answer(helper: Write) -> None:
    helper(f"exec <&-; {ANSWER}")
    assert ask_helper("x", "reg.corp")


def ended(file: str) -> bool:
    """Whether the process whose id is in `file` is gone within a moment (or a zombie that its parent has not seen)."""
    state = Path("/proc", Path(file).read_text().strip(), "stat")
    for _ in range(100):
        with suppress(ProcessLookupError):
            if not state.exists() or state.read_text().split()[2] == "Z":
                return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("credential", "user"),
    [
        (Credential.password("me", Secret("hunter2"), source="here"), "me"),
        (Credential.identity_token(Secret("hunter2"), source="here"), "<token>"),
    ],
    ids=["a password", "an identity token"],
)
def test_a_helper_keeps_what_it_is_given(helper: Write, credential: Credential, user: str) -> None:
    helper('echo "$@" > arguments; cat > given')
    store_in("x", "reg.corp", credential)
    assert Path("arguments").read_text() == "store\n"
    assert json.loads(Path("given").read_text()) == {"ServerURL": "reg.corp", "Username": user, "Secret": "hunter2"}


def test_a_helper_that_keeps_nothing_is_said(helper: Write) -> None:
    helper("echo keychain is locked; exit 1")
    with pytest.raises(CredentialFailed, match=r"it does not keep reg\.corp: .*keychain is locked"):
        store_in("x", "reg.corp", Credential.password("me", Secret("hunter2"), source="here"))


def test_a_helper_forgets_and_need_not_have_known(helper: Write) -> None:
    helper('echo "$@" > arguments; cat > given')
    erase_in("x", "reg.corp")
    assert (Path("arguments").read_text(), Path("given").read_text()) == ("erase\n", "reg.corp")
    helper("echo 'credentials not found in native keychain'; exit 1")
    erase_in("x", "reg.corp")
    helper("echo keychain is locked; exit 1")
    with pytest.raises(CredentialFailed, match=r"it does not forget reg\.corp"):
        erase_in("x", "reg.corp")
