"""Docker Hub end to end: its own names and ports, in a network of its own, for curl, jq, skopeo and boxship."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.network.docker_hub import AUTH, BLOBS, HOSTS, PASSWORD, REFRESH, REGISTRY, TAGS, USER
from tests.network.namespace import ROOT, Finished, Network, Started
from tests.peers.certificates import issue

pytestmark = [pytest.mark.network, pytest.mark.peer("curl", "jq")]

KEY = "https://index.docker.io/v1/"
STORED = {"auth": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
QUESTION = "service=registry.docker.io&scope=repository:zichenkkkk/migrate:pull"
SEEDS_LINES = f"""
TOKEN=$(curl -s "https://auth.docker.io/token?{QUESTION}" | jq -r .token)
curl -H "Authorization: Bearer $TOKEN" "https://registry-1.docker.io/v2/zichenkkkk/migrate/tags/list"
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine whose hosts file leads to that Docker Hub, and which trusts its authority."""

    network: Network
    hub: Started
    before: int
    home: Path
    environment: Mapping[str, str]

    def run(self, *argv: str, **more: str) -> Finished:
        """What becomes of a program there."""
        return self.network.run(argv, env={**self.environment, **more}, timeout=60)

    def boxship(self, *words: str) -> Finished:
        """The same for boxship."""
        done = self.run(sys.executable, "-m", "boxship", *words)
        assert "Traceback" not in done.stderr
        return done

    def stores(self, key: str, entry: Mapping[str, str]) -> None:
        """Docker's own file has this."""
        (self.home / ".docker").mkdir(exist_ok=True)
        (self.home / ".docker/config.json").write_text(json.dumps({"auths": {key: entry}}))

    def asked(self, host: str = "") -> Sequence[Mapping[str, object]]:
        """What a host was asked, or each of them, since the test has begun."""
        every = [json.loads(line) for line in self.hub.printed.splitlines()[self.before :]]
        return [request for request in every if host in ("", request["host"])]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Network, Started, Path]]:
    """A network with that Docker Hub in it, and the authority that its certificates are of."""
    files = issue(tmp_path_factory.mktemp("hub"), *HOSTS)
    script = Path(__file__).with_name("docker_hub.py")
    argv = ["env", f"PYTHONPATH={ROOT}", sys.executable, str(script), str(files.chain), str(files.key)]
    with Network(addresses=HOSTS.values(), names={host: [address] for host, address in HOSTS.items()}) as network:
        yield network, network.start(argv, ports=[443]), files.root


@pytest.fixture
def machine(hub: tuple[Network, Started, Path], home: Path) -> Machine:
    network, started, root = hub
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "SSL_CERT_FILE": str(root),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_RUNTIME_DIR": str(home / "run"),
    }
    return Machine(network, started, len(started.printed.splitlines()), home, environment)


def test_the_seeds_two_lines_run(machine: Machine) -> None:
    done = machine.run("sh", "-ec", SEEDS_LINES)
    assert json.loads(done.stdout) == {"name": "zichenkkkk/migrate", "tags": list(TAGS[:100])}
    assert [(request["host"], request["status"]) for request in machine.asked()] == [(AUTH, 200), (REGISTRY, 200)]


def test_boxship_does_what_the_two_lines_do(machine: Machine) -> None:
    token = json.loads(machine.boxship("auth", "token", "zichenkkkk/migrate").stdout)["token"]
    header = machine.boxship("auth", "token", "-H", "zichenkkkk/migrate").stdout.strip()
    curl = machine.run("curl", "-sS", "-H", header, f"https://{REGISTRY}/v2/zichenkkkk/migrate/tags/list")
    api = machine.boxship("api", "GET", f"{REGISTRY}/v2/zichenkkkk/migrate/tags/list")
    assert json.loads(curl.stdout) == json.loads(api.stdout) == {"name": "zichenkkkk/migrate", "tags": list(TAGS[:100])}
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["access"] == [{"type": "repository", "name": "zichenkkkk/migrate", "actions": ["pull"]}]


@pytest.mark.parametrize(
    "name", ["zichenkkkk/migrate", "docker.io/library/alpine", "alpine", "index.docker.io/library/alpine"]
)
def test_all_pages_of_tags_are_listed(name: str, machine: Machine) -> None:
    assert machine.boxship("ls", name).stdout.split() == list(TAGS)
    tokens, pages = machine.asked(AUTH), machine.asked(REGISTRY)
    assert [request["said"] for request in tokens] == [""]
    assert [request["status"] for request in pages] == [401, 200, 200, 200]


LOGGED_IN = {
    "password": {KEY: STORED},
    "podman's key": {"docker.io": STORED},
    "identity token": {KEY: {"identitytoken": REFRESH}},
}


@pytest.mark.parametrize("how", LOGGED_IN)
def test_a_private_repository_is_pulled_with_what_docker_has_stored(how: str, machine: Machine) -> None:
    for key, entry in LOGGED_IN[how].items():
        machine.stores(key, entry)
    done = machine.boxship("pull", "--format", "oci", "ana/private:v1", str(machine.home / "image"))
    assert (done.status, (machine.home / "image/index.json").exists()) == (0, True), done.stderr
    assert {request["said"] for request in machine.asked(BLOBS)} == {""}
    assert {request["status"] for request in machine.asked(BLOBS)} == {200}
    assert {request["method"] for request in machine.asked(AUTH)} == ({"POST"} if how == "identity token" else {"GET"})
    assert PASSWORD not in done.stderr + machine.hub.printed


def test_a_private_repository_is_nobodys_without(machine: Machine) -> None:
    refused = machine.boxship("ls", "ana/private")
    assert (refused.status, "boxship login docker.io" in refused.stderr) == (4, True)


def test_a_public_one_is_pulled_by_anybody(machine: Machine) -> None:
    done = machine.boxship("pull", "--format", "oci", "docker.io/library/alpine:v7", str(machine.home / "image"))
    assert done.status == 0, done.stderr
    assert len(machine.asked(BLOBS)) == 3


def test_a_wrong_password_that_is_stored_is_an_error_without_a_second_try(machine: Machine) -> None:
    machine.stores(KEY, {"auth": base64.b64encode(b"ana:wr0ng").decode()})
    refused = machine.boxship("ls", "library/alpine")
    assert (refused.status, "wr0ng" in refused.stderr) == (4, False)
    assert len(machine.asked(AUTH)) == 1


LOG_IN = 'printf %s "$1" | "$2" -m boxship login -u ana --password-stdin'


def test_login_keeps_what_the_hub_accepts_and_logout_forgets_it(machine: Machine) -> None:
    wrong = machine.run("sh", "-c", LOG_IN, "sh", "wr0ng", sys.executable)
    assert (wrong.status, (machine.home / ".docker").exists()) == (4, False)
    right = machine.run("sh", "-c", LOG_IN, "sh", PASSWORD, sys.executable)
    file = machine.home / ".docker/config.json"
    assert right.stdout == f"logged in to docker.io as ana: kept by {file}\n"
    assert json.loads(file.read_text()) == {"auths": {KEY: STORED}}
    assert machine.boxship("ls", "ana/private").stdout.split() == list(TAGS)
    assert machine.boxship("logout").stdout == f"forgotten: {KEY} in {file}\n"
    assert machine.boxship("ls", "ana/private").status == 4


@pytest.mark.peer("skopeo")
def test_skopeo_finds_the_same_hub_and_what_boxship_has_kept(machine: Machine) -> None:
    """It finds no mark of ours in the Hub's answers, and takes our log-in for docker's."""
    machine.run("sh", "-c", LOG_IN, "sh", PASSWORD, sys.executable)
    listed = machine.run("skopeo", "list-tags", "docker://docker.io/ana/private")
    assert json.loads(listed.stdout)["Tags"] == list(TAGS), listed.stderr
    target = f"oci:{machine.home}/skopeos:v1"
    copied = machine.run("skopeo", "--insecure-policy", "copy", "docker://docker.io/ana/private:v1", target)
    assert copied.status == 0, copied.stderr
    told = machine.run("skopeo", "login", "--get-login", "docker.io")
    assert told.stdout.strip() == USER


ENDING = """
import sys, time
from boxship import Client
with Client() as client:
    for pause in (1.2, 0):
        print(len(list(client.tags("zichenkkkk/short"))))
        time.sleep(pause)
"""


def test_a_token_that_ends_is_replaced_before_it_is_sent(machine: Machine) -> None:
    done = machine.run(sys.executable, "-c", ENDING)
    assert done.stdout.split() == ["250", "250"], done.stderr
    assert len(machine.asked(AUTH)) >= 2
    assert [request["status"] for request in machine.asked(REGISTRY)].count(401) == 1


def test_a_token_server_that_is_busy_is_waited_for_as_it_says(machine: Machine) -> None:
    done = machine.boxship("ls", "-v", "zichenkkkk/busy")
    assert done.stdout.split() == list(TAGS)
    assert [request["status"] for request in machine.asked(AUTH)] == [429, 200]
    assert f"429 from {AUTH}: again in 1." in done.stderr
    assert done.seconds >= 1


def test_the_limit_that_is_reached_is_said(machine: Machine) -> None:
    done = machine.boxship("manifest", "zichenkkkk/limited:v1")
    assert done.status == 7
    assert "You have reached your unauthenticated pull rate limit" in done.stderr
