"""`boxship login`, `logout`, `auth get` and `auth token`: what is kept, where, and what becomes of the rest."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import NothingKept
from boxship.testing import ScriptedRegistry, Server, TokenServer, basic
from tests.auth.guarded import TAGS, guarded, pair
from tests.cli.running import COMMAND, Outcome, boxship
from tests.cli.terminal import watch
from tests.explain.machine import helper, write

KEEPER = """
file=$(dirname "$0")/kept.json
case $1 in
get) read key; python3 - "$file" "$key" <<'END'
import json, sys
kept = json.load(open(sys.argv[1])) if __import__("os").path.exists(sys.argv[1]) else {}
found = kept.get(sys.argv[2])
print(json.dumps(found) if found else "credentials not found in native keychain"); sys.exit(not found)
END
;;
store|erase|list) cat > "$file.given"; python3 - "$file" $1 <<'END'
import json, os, sys
file, action = sys.argv[1:]
kept = json.load(open(file)) if os.path.exists(file) else {}
given = open(file + ".given").read()
if action == "store":
    entry = json.loads(given); kept[entry["ServerURL"]] = entry
elif action == "erase":
    kept.pop(given.strip(), None)
else:
    print(json.dumps({key: entry["Username"] for key, entry in kept.items()}))
json.dump(kept, open(file, "w"))
END
;;
esac
"""


@pytest.fixture(params=["basic", "bearer"])
def registry(request: pytest.FixtureRequest) -> Server:
    if request.param == "bearer":
        return guarded(TokenServer("ana", "secret"))
    return Server(ScriptedRegistry(access=basic("ana", "secret")))


def log_in(server: Server, *words: str, given: bytes = b"secret\n", env: Mapping[str, str] | None = None) -> Outcome:
    return boxship("login", "-u", "ana", "--password-stdin", *words, server.address, given=given, env=env)


def auths(file: Path) -> dict[str, object]:
    found = json.loads(file.read_text())["auths"]
    assert isinstance(found, dict)
    return found


def test_what_is_accepted_is_kept_in_dockers_file_for_its_owner_alone(registry: Server, home: Path) -> None:
    with registry as server:
        done = log_in(server)
        assert (done.status, done.output.startswith(f"logged in to {server.address} as ana: kept by ")) == (0, True)
        assert "not encrypted" in done.errors
        file = home / ".docker/config.json"
        assert auths(file) == {server.address: {"auth": pair("ana:secret")}}
        assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
        assert os.listdir(file.parent) == ["config.json"]  # noqa: PTH208 -- the names alone
        assert boxship("ls", f"{server.address}/app").output.split() == TAGS


def test_what_is_refused_is_not_kept(registry: Server, home: Path) -> None:
    with registry as server:
        done = log_in(server, given=b"wr0ng\n")
    assert (done.status, done.output, "wr0ng" in done.errors) == (4, "", False)
    assert "do: check the user name and password\n" in done.errors
    assert "boxship login" not in done.errors
    assert not (home / ".docker").exists()


def test_nothing_is_kept_where_nobody_answers(home: Path) -> None:
    assert boxship("login", "-u", "a", "-p", "b", "--connect-timeout", "1", "127.0.0.1:1").status == 5
    assert not (home / ".docker").exists()


def test_a_registry_that_asks_for_nothing_is_said(home: Path) -> None:
    with Server(ScriptedRegistry()) as server:
        done = log_in(server)
    assert (done.status, "asked for no credential" in done.errors) == (0, True)


def test_what_else_is_in_the_file_stays_in_its_order(registry: Server, home: Path, tmp_path: Path) -> None:
    before = {
        "experimental": "enabled",
        "Auths": {"other.corp": {"auth": pair("x:y"), "email": "x@y"}},
        "détail": [1, {}],
    }
    real = write(tmp_path / "real.json", before)
    real.chmod(0o644)
    (home / ".docker").mkdir()
    (home / ".docker/config.json").symlink_to(real)
    with registry as server:
        assert log_in(server).status == 0
    assert (home / ".docker/config.json").is_symlink()
    after = json.loads(real.read_text())
    assert list(after) == list(before)
    assert after["Auths"].pop(server.address) == {"auth": pair("ana:secret")}
    assert after == before
    assert "\n\t" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_link_to_nothing_yet_is_followed(registry: Server, home: Path, tmp_path: Path) -> None:
    (home / ".docker").mkdir()
    (home / ".docker/config.json").symlink_to(tmp_path / "later/config.json")
    with registry as server:
        assert log_in(server).status == 0
    assert auths(tmp_path / "later/config.json")


def test_many_who_log_in_at_once_are_all_kept(home: Path) -> None:
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server:
        places = [f"host-{number}.test" for number in range(8)]
        resolve = {(place, 80): (server.host, server.port) for place in places}

        def one(place: str) -> None:
            with Client(plain_http="always", resolve=resolve) as client:
                client.login(place, "ana", "secret")

        threads = [threading.Thread(target=one, args=(place,)) for place in places]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(auths(home / ".docker/config.json")) == places


@pytest.mark.parametrize("content", ["{", "[]", '{"auths": 7}', "\x00", '{"auths": {"a": {"auth": "?"}}}'])
def test_a_file_that_cannot_be_read_is_not_written(content: str, home: Path) -> None:
    file = write(home / ".docker/config.json", content)
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server:
        done = log_in(server)
        assert (done.status, str(file) in done.errors) == (2, True)
        assert server.requests == ()
    assert file.read_text() == content


def test_a_key_in_json_is_a_password_too(home: Path) -> None:
    key = '{\n  "type": "service_account",\n  "private_key": "x"\n}'
    with Server(ScriptedRegistry(access=basic("_json_key", key))) as server:
        words = ("login", "-u", "_json_key", "--password-stdin", server.address)
        assert boxship(*words, given=f"{key}\n".encode()).status == 0
        assert boxship("ls", f"{server.address}/app").output.split() == TAGS


def test_without_a_terminal_what_is_missing_is_said_and_on_one_it_is_asked_for(registry: Server, home: Path) -> None:
    with registry as server:
        with Client() as client, pytest.raises(NothingKept, match=server.address):
            client.login(server.address)
        done = boxship("login", server.address)
        assert (done.status, "--password-stdin" in done.errors) == (2, True)
        assert server.requests == ()
        seen = watch(
            "login", server.address, answers={"User name at": "ana\n", "Password: ": "secret\n"}, all_of_it=True
        )
        assert (seen.status, "secret" in seen.written) == (0, False)
        assert f"User name at {server.address}: " in seen.written
    assert auths(home / ".docker/config.json") == {server.address: {"auth": pair("ana:secret")}}


@pytest.mark.parametrize("kind", ["auth", "helper"])
def test_without_a_name_what_is_kept_is_shown_again(
    kind: str, registry: Server, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "helper":
        helper(monkeypatch, tmp_path, "fake", KEEPER)
        write(home / ".docker/config.json", {"credsStore": "fake"})
    with registry as server:
        assert log_in(server).status == 0
        before, asked = (home / ".docker/config.json").read_text(), len(server.requests)
        again = boxship("login", server.address)
        assert (again.status, "as ana" in again.output, len(server.requests) > asked) == (0, True, True)
    assert (home / ".docker/config.json").read_text() == before


def test_what_is_kept_and_not_accepted_any_more_is_said_and_on_a_terminal_another_is_asked_for(
    registry: Server, home: Path
) -> None:
    with registry as server:
        file = write(home / ".docker/config.json", {"auths": {server.address: {"auth": pair("ana:old")}}})
        assert boxship("login", server.address).status == 4
        assert auths(file) == {server.address: {"auth": pair("ana:old")}}
        answers = {"User name at": "ana\n", "Password: ": "secret\n"}
        seen = watch("login", server.address, answers=answers, all_of_it=True)
        assert (seen.status, "what is kept is not accepted" in seen.written) == (0, True)
    assert auths(file) == {server.address: {"auth": pair("ana:secret")}}


def test_what_is_there_for_this_run_alone_is_not_kept_by_a_log_in_without_a_name(home: Path) -> None:
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server:
        variable = {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {server.address: {"auth": pair("ana:secret")}}})}
        assert boxship("login", server.address, env=variable).status == 2
    assert not (home / ".docker").exists()


def test_a_password_among_the_words_is_warned_of(registry: Server, home: Path) -> None:
    with registry as server:
        done = boxship("auth", "login", server.address, "-u", "ana", "-p", "secret")
    assert (done.status, "can be seen by others" in done.errors) == (0, True)


FOLLOWED: Mapping[str, tuple[Callable[[Path], Mapping[str, str]], tuple[str, ...], str]] = {
    "--config": (lambda _: {}, ("--config", "HOME/told"), "told/config.json"),
    "--authfile": (lambda _: {}, ("--authfile", "HOME/told.json"), "told.json"),
    "DOCKER_CONFIG": (lambda home: {"DOCKER_CONFIG": str(home / "told")}, (), "told/config.json"),
    "REGISTRY_AUTH_FILE": (lambda home: {"REGISTRY_AUTH_FILE": str(home / "told.json")}, (), "told.json"),
}


@pytest.mark.parametrize("who", FOLLOWED)
def test_it_is_kept_in_the_only_file_that_is_read(who: str, home: Path) -> None:
    environment, words, file = FOLLOWED[who]
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server:
        own = [word.replace("HOME", str(home)) for word in words]
        assert log_in(server, *own, env=environment(home)).status == 0
        assert auths(home / file) == {server.address: {"auth": pair("ana:secret")}}
        listed = boxship("ls", *own, f"{server.address}/app", env=environment(home))
        assert listed.output.split() == TAGS
    assert not (home / ".docker").exists()


def test_it_is_kept_where_the_registry_is_known(home: Path) -> None:
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server:
        podmans = write(home / "config/containers/auth.json", {"auths": {server.address: {"auth": pair("old:old")}}})
        assert log_in(server).status == 0
    assert auths(podmans) == {server.address: {"auth": pair("ana:secret")}}
    assert not (home / ".docker").exists()


@pytest.mark.parametrize("field", ["credsStore", "credHelpers", "found"])
def test_a_helper_keeps_it_and_forgets_it(
    field: str, registry: Server, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = helper(monkeypatch, tmp_path, "pass" if field == "found" else "fake", KEEPER)
    write(program.parent / "pass", "#!/bin/sh\n").chmod(0o755)
    kept = program.parent / "kept.json"
    with registry as server:
        fields = {"credsStore": "fake", "credHelpers": {server.address: "fake"}}
        file = home / ".docker/config.json"
        if field != "found":
            write(file, {field: fields[field]})
        done = log_in(server)
        assert (done.status, "not encrypted" in done.errors, program.name in done.output) == (0, False, True)
        assert json.loads(kept.read_text())[server.address]["Secret"] == "secret"
        written = json.loads(file.read_text())
        assert written["auths"] == {server.address: {}}
        assert written[field if field != "found" else "credsStore"] == fields.get(field, "pass")
        assert boxship("ls", f"{server.address}/app").output.split() == TAGS
        assert boxship("logout", server.address).status == 0
        assert json.loads(kept.read_text()) == json.loads(file.read_text())["auths"] == {}
        assert boxship("ls", f"{server.address}/app").status == 4


def test_a_helper_that_does_not_keep_it_is_said_and_nothing_is_written(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper(monkeypatch, tmp_path, "fake", "cat > /dev/null; echo the keychain is locked; exit 1")
    file = write(home / ".docker/config.json", {"credsStore": "fake"})
    before = file.read_text()
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server:
        done = log_in(server)
    assert (done.status, "the keychain is locked" in done.errors, "secret" in done.errors) == (4, True, False)
    assert file.read_text() == before


def test_what_comes_before_is_said(home: Path) -> None:
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server:
        variable = {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {server.address: {"auth": pair("ci:x")}}})}
        assert "sent first is another one, from DOCKER_AUTH_CONFIG" in log_in(server, env=variable).errors


def test_logging_out_takes_the_registry_out_of_every_file_and_leaves_the_rest(home: Path) -> None:
    entry = {"auth": pair("ana:secret")}
    docker = write(
        home / ".docker/config.json", {"auths": {"https://reg.corp/v1/": entry, "other.corp": entry}, "x": 1}
    )
    podman = write(home / "config/containers/auth.json", {"auths": {"reg.corp": entry, "reg.corp/team": entry}})
    old = write(home / ".dockercfg", {"reg.corp": entry, "old.corp": entry})
    done = boxship("logout", "reg.corp")
    assert (done.status, len(done.output.splitlines())) == (0, 3)
    assert json.loads(docker.read_text()) == {"auths": {"other.corp": entry}, "x": 1}
    assert auths(podman) == {"reg.corp/team": entry}
    assert json.loads(old.read_text()) == {"old.corp": entry}
    assert "nothing was kept" in boxship("logout", "reg.corp").errors
    assert boxship("logout", "--all").status == 0
    assert auths(docker) == auths(podman) == json.loads(old.read_text()) == {}


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"])
def test_docker_hub_is_logged_out_of_in_every_spelling(key: str, home: Path) -> None:
    file = write(home / ".docker/config.json", {"auths": {key: {"auth": pair("a:b")}}})
    assert boxship("auth", "logout").output == f"forgotten: {key} in {file}\n"
    assert auths(file) == {}


# For other programs.


def test_a_credential_is_given_as_a_helper_gives_it(home: Path) -> None:
    write(home / ".docker/config.json", {"auths": {"reg.corp": {"auth": pair("ana:secret")}}})
    for words, given in ((("reg.corp",), b""), ((), b"reg.corp\n"), ((), b"https://reg.corp/v1/")):
        done = boxship("auth", "get", *words, given=given)
        found = json.loads(done.output)
        assert (done.status, found["Username"], found["Secret"]) == (0, "ana", "secret")
    nothing = boxship("auth", "get", given=b"other.corp")
    assert (nothing.status, nothing.output) == (1, "credentials not found in native keychain\n")


def test_an_identity_token_is_given_in_the_protocols_way(home: Path) -> None:
    write(home / ".docker/config.json", {"auths": {"reg.corp": {"identitytoken": "r3fresh"}}})
    found = json.loads(boxship("auth", "get", "reg.corp").output)
    assert (found["Username"], found["Secret"]) == ("<token>", "r3fresh")


def test_boxship_is_a_helper_of_its_own_without_asking_itself_for_ever(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = " ".join(map(str, COMMAND))
    helper(monkeypatch, tmp_path, "boxship", f'exec {program} auth "$@"')
    write(home / ".docker/config.json", {"credHelpers": {"reg.corp": "boxship"}})
    write(home / "config/containers/auth.json", {"auths": {"reg.corp": {"auth": pair("ana:secret")}}})
    asked = subprocess.run(
        ["docker-credential-boxship", "get"], input="reg.corp", capture_output=True, text=True, timeout=30, check=True
    )
    assert json.loads(asked.stdout)["Secret"] == "secret"


def test_a_token_is_good_for_another_program(home: Path) -> None:
    with guarded(TokenServer("ana", "secret")) as server:
        write(home / ".docker/config.json", {"auths": {server.address: {"auth": pair("ana:secret")}}})
        token = json.loads(boxship("auth", "token", f"{server.address}/app").output)["token"]
        header = boxship(
            "auth", "token", "-H", "--push", "-m", f"{server.address}/base", f"{server.address}/app"
        ).output
        url = f"http://{server.address}/v2/app/tags/list"
        for line in (f"Authorization: Bearer {token}", header.strip()):
            curl = subprocess.run(["curl", "-sS", "-H", line, url], capture_output=True, check=True, timeout=20)
            assert json.loads(curl.stdout)["tags"] == TAGS
        asked = [value for request in server.requests for name, value in request.query if name == "scope"]
    assert asked == ["repository:app:pull", "repository:app:pull,push", "repository:base:pull"]


def test_a_registry_without_tokens_has_a_header(home: Path) -> None:
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as server:
        write(home / ".docker/config.json", {"auths": {server.address: {"auth": pair("ana:secret")}}})
        assert boxship("auth", "token", f"{server.address}/app").status == 4
        header = boxship("auth", "token", "-H", f"{server.address}/app")
    assert (header.status, header.output) == (0, f"Authorization: Basic {pair('ana:secret')}\n")


def test_a_registry_that_asks_for_nothing_needs_no_token() -> None:
    with Server(ScriptedRegistry()) as server:
        done = boxship("auth", "token", f"{server.address}/app")
    assert (done.status, done.output, "without any" in done.errors) == (0, "", True)
