"""docker's daemon.json permits a network: plain HTTP, with credentials, at the addresses in it and nowhere else."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.behaviour.ports import PLAIN_TAG, record_of
from tests.behaviour.record import asked
from tests.behaviour.scene import HOST, Scene, environment
from tests.behaviour.stages import placed
from tests.network.namespace import Network

pytestmark = pytest.mark.network

INSIDE, OUTSIDE = ADDRESSES = ("10.99.0.1", "10.99.0.2")
PLACES = {
    f"{INSIDE}:443": "refused",
    f"{INSIDE}:80": "basic",
    f"{OUTSIDE}:443": "refused",
    f"{OUTSIDE}:80": "basic",
}


def run(scene: Scene, permitted: str) -> subprocess.CompletedProcess[str]:
    env = environment(scene.folder)
    file = Path(env["HOME"], ".config", "docker", "daemon.json")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"insecure-registries": [permitted]}))
    command = scene.command("ls", f"{HOST}/app")
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("order", [ADDRESSES, ADDRESSES[::-1]], ids=["inside first", "outside first"])
def test_of_two_addresses_only_the_permitted_one_is_sent_a_credential(order: tuple[str, ...], materials: Path) -> None:
    with Network(addresses=ADDRESSES, names={HOST: order}) as network, placed(network, materials, PLACES) as scene:
        done = run(scene, f"{INSIDE}/32")
        assert (done.returncode, done.stdout.split()) == (0, [PLAIN_TAG]), done.stderr
        assert any(request.secret for request in asked(scene.folder / record_of(f"{INSIDE}:80")))
        assert asked(scene.folder / record_of(f"{OUTSIDE}:80")) == ()


def test_a_network_without_the_address_permits_nothing(materials: Path) -> None:
    with Network(addresses=ADDRESSES, names={HOST: ADDRESSES}) as network, placed(network, materials, PLACES) as scene:
        done = run(scene, "10.98.0.0/16")
        assert (done.returncode, done.stdout) == (5, "")
        everything = [request for at in ADDRESSES for request in asked(scene.folder / record_of(f"{at}:80"))]
        assert {request.target for request in everything} <= {"/v2/"}
        assert not any(request.secret for request in everything)


@pytest.mark.parametrize("permitted", [f"{INSIDE}/32", "10.99.0.0/24"], ids=["one", "both"])
def test_a_token_server_on_another_port_is_permitted_by_address_as_well(permitted: str, materials: Path) -> None:
    places = {
        f"{INSIDE}:443": "refused",
        f"{INSIDE}:80": "tokens on port 9999",
        f"{INSIDE}:9999": "refused",
        f"{OUTSIDE}:9999": "bearer",
    }
    with Network(addresses=ADDRESSES, names={HOST: ADDRESSES}) as network, placed(network, materials, places) as scene:
        done = run(scene, permitted)
        learnt = any(request.secret for request in asked(scene.folder / record_of(f"{OUTSIDE}:9999")))
        assert learnt == permitted.endswith("24")  # whose tokens the registry does not take
        assert learnt or "nothing permits plain HTTP at 10.99.0.2:9999" in done.stderr
