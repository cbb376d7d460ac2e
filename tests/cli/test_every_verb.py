"""No verb tells a secret: each runs where one is asked for, and all that it says and leaves is searched for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from boxship import Client
from boxship.cli.parsers import actions_of
from boxship.cli.verbs import VERBS
from boxship.testing import put_image, registry
from tests.auth.guarded import pair
from tests.cli.running import Outcome, started
from tests.formats.stores import file, tar_of

USER, SECRET = "alice", "m4rked-s3cret"
SECRETS = (SECRET, pair(f"{USER}:{SECRET}"))
IMAGE = "{at}/app:1"
SERVED = "--disk {own}/registry"

# What each verb is asked for: {at} is the registry, {own} a folder of this verb's own, {app} an image in a file.
ROWS: Mapping[str, str] = {
    "ls": "{at}/app",
    "catalog": "{at}",
    "digest": IMAGE,
    "manifest": IMAGE,
    "config": IMAGE,
    "blob": "{at}/app@{blob}",
    "inspect": IMAGE,
    "history": IMAGE,
    "copy": f"{IMAGE} {{at}}/copied:1",
    "pull": f"{IMAGE} {{own}}/app.tar",
    "push": "{app} {at}/pushed:1",
    "validate": IMAGE,
    "export": f"{IMAGE} {{own}}/app.tar",
    "tag": f"{IMAGE} v1",
    "untag": "{at}/app:to-untag",
    "delete": "--yes {at}/app:to-delete",
    "append": f"-b {IMAGE} -f {{app}} -t {{at}}/appended:1",
    "mutate": f"-l team=a {IMAGE} -t {{at}}/mutated:1",
    "flatten": f"{IMAGE} -t {{at}}/flat:1",
    "rebase": f"{IMAGE} --old-base {IMAGE} --new-base {IMAGE} -t {{at}}/rebased:1",
    "index list": "{at}/index:1",
    "index append": f"-m {IMAGE} -t {{at}}/indexed:1",
    "index create": f"{IMAGE} -t {{at}}/created:1",
    "index filter": "{at}/index:1 --platform all -t {at}/filtered:1",
    "edit config": IMAGE,
    "edit manifest": IMAGE,
    "edit fs": f"{IMAGE} -f /etc/motd -t {{at}}/edited:1",
    "artifact push": "{at}/pushed-artifact:1 {app}",
    "referrers": IMAGE,
    "artifact pull": "{at}/notes:1 -d {own}/pulled",
    "artifact attach": f"{IMAGE} {{app}} --artifact-type application/x-app",
    "sync": f"{IMAGE} {{at}}/synced",
    "prune": "{at}/app --keep 99 --in-use -",
    "audit check": "-",
    "audit lock": "-",
    "audit rewrite": "--to mirror.corp -",
    "layout gc": "{own}/layout",
    "files ls": IMAGE,
    "files cat": f"{IMAGE} /a",
    "files get": f"{IMAGE} /a {{own}}/a",
    "tree": IMAGE,
    "diff": f"{IMAGE} {{at}}/app:same",
    "ping": "{at}",
    "api": "GET {at}/v2/_catalog",
    "doctor": IMAGE,
    "explain": IMAGE,
    "login": "{at} --username alice --password-stdin",
    "logout": "{at}",
    "auth login": "{at} --username alice --password-stdin",
    "auth logout": "{at}",
    "auth get": "{at}",
    "auth token": "-H {at}/app",
    "auth why": IMAGE,
    "registry serve": f"{SERVED} --address nowhere",
    "registry check": SERVED,
    "registry user": f"add bob --pull * --password-stdin {SERVED}",
    "registry scrub": SERVED,
    "registry gc": SERVED,
    "registry backup": f"{SERVED} {{own}}/backup",
    "registry restore": f"{{own}}/backup {SERVED}",
    "registry move": f"{SERVED} --to-database postgresql://{USER}:{SECRET}@127.0.0.1:1/names {{own}}/moved",
    "registry export": f"{SERVED} {{own}}/layout",
    "ui": "--registry {at} --address nowhere",  # while it serves: tests/ui
    "completion": "bash",
    "demo": "--help",
    "version": "",
}
_OFFLINE = ("ui", "registry ", "layout ", "audit rewrite", "completion", "demo", "version")
_READS_PASSWORD = ("login", "auth login", "registry user")
_SENDS_NONE = ("explain", "logout", "auth logout", "auth get", "auth why")
_PRINTS_IT = ("auth get", "auth token")  # that is what they are for


def every_verb() -> Iterator[str]:
    for verb in VERBS:
        yield from [f"{verb} {action}" for action in actions_of(verb)] or [verb]


@dataclass(frozen=True, slots=True)
class Ran:
    """How a verb ended, and all that it said and left, but what it is for."""

    outcome: Outcome
    told: str


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Ran]]:
    folder = tmp_path_factory.mktemp("verbs")
    served = folder / "served"
    served.mkdir()
    with registry(served, allow_delete=True) as running:
        documents = _filled(running.address, folder / "app.tar")
        given = ("--pull", "*", "--push", "*", "--delete", "*", "--password-stdin", "--disk", str(served))
        assert started("registry", "user", "add", USER, *given, given=SECRET.encode()).status == 0
        places = {"at": running.address, "app": str(folder / "app.tar"), **documents}
        with ThreadPoolExecutor(4) as pool:
            yield dict(zip(ROWS, pool.map(lambda verb: _run(verb, folder, places), ROWS), strict=True))
        log = running.log.read_text()
        assert [secret for secret in SECRETS if secret in log] == []


def _filled(address: str, archive: Path) -> dict[str, str]:
    """The digest of a blob, and documents for the verbs that read one, where everything is that they are asked for."""
    for tag in ("1", "same", "to-untag"):
        put_image(address, "app", tag, layers=[tar_of([file("a", b"1")])])
    put_image(address, "app", "to-delete", layers=[tar_of([file("b", b"2")])])
    with Client() as client:
        client.make_index([f"{address}/app:1"], f"{address}/index:1")
        client.pull(f"{address}/app:1", str(archive))
        client.push_artifact(f"{address}/notes:1", [archive])
        manifest, config = (
            client.manifest(f"{address}/app:1").raw.decode(),
            client.config(f"{address}/app:1").raw.decode(),
        )
    return {
        "blob": json.loads(manifest)["config"]["digest"],
        "edit config": config,
        "edit manifest": manifest,
        **dict.fromkeys(("audit check", "audit lock", "audit rewrite", "prune"), f"{address}/app:1\n"),
    }


def _run(verb: str, folder: Path, places: Mapping[str, str]) -> Ran:
    own = folder / verb.replace(" ", "-")
    home = own / "home"
    (home / ".docker").mkdir(parents=True)
    (home / ".docker/config.json").write_text(json.dumps({"auths": {places["at"]: {"auth": SECRETS[1]}}}))
    words = ROWS[verb].format(own=own, **places).split()
    if not verb.startswith(_OFFLINE):
        words += ["-vv", "--trace", str(own / "trace.har")]
    outcome = started(*verb.split(), *words, given=_given(verb, places), env={"HOME": str(home), "EDITOR": "true"})
    shutil.rmtree(home / ".docker")  # where it is kept
    left = "".join(path.read_bytes().decode("latin-1") for path in own.rglob("*") if path.is_file())
    said = "" if verb in _PRINTS_IT else outcome.raw.decode("latin-1")
    return Ran(outcome, outcome.errors + left + said)


def _given(verb: str, places: Mapping[str, str]) -> bytes:
    return SECRET.encode() if verb in _READS_PASSWORD else places.get(verb, "").encode()


def test_every_verb_is_here() -> None:
    assert set(ROWS) == set(every_verb())


@pytest.mark.parametrize("verb", ROWS)
def test_a_verb_tells_no_secret(verb: str, ran: Mapping[str, Ran]) -> None:
    assert [secret for secret in SECRETS if secret in ran[verb].told] == []


@pytest.mark.parametrize("verb", [verb for verb in ROWS if not verb.startswith(_OFFLINE)])
def test_a_verb_has_sent_it(verb: str, ran: Mapping[str, Ran]) -> None:
    """Or else the test above could not fail."""
    assert ran[verb].outcome.status == 0, _complaint(ran[verb])
    assert "Authorization: (removed)" in ran[verb].told or verb in _SENDS_NONE


def _complaint(ran: Ran) -> str:
    return next((line for line in ran.outcome.errors.splitlines() if line.startswith("boxship: ")), ran.outcome.errors)
