"""`audit` as people run it: the issue's own lines, at the embedded registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship import Client
from boxship.cli.main import main
from boxship.testing import put_image, registry
from tests.audit import charts
from tests.cli.running import boxship, three_parts

IMAGES = ("bitnami/shell:11", "bitnami/web:2.1", "bitnami/exporter:0.9")


def push(at: str, image: str) -> None:
    repository, tag = image.split(":")
    put_image(at, repository, tag)


@pytest.fixture(scope="module")
def at() -> Iterator[str]:
    with registry() as running:
        for image in IMAGES:
            push(running.address, image)
        yield running.address


@pytest.fixture
def chart(at: str, tmp_path: Path) -> Path:
    """What a chart gives, of images that are there."""
    file = tmp_path / "k8s/web.yaml"
    file.parent.mkdir()
    file.write_text(charts.BITNAMI.replace("{at}", at).replace("image: busybox", f"image: {at}/bitnami/web:2.1"))
    return file


def test_what_helm_renders_is_read_from_standard_input(at: str, chart: Path) -> None:
    outcome = boxship("audit", "-", "--platform", "linux/amd64", given=chart.read_bytes())
    assert (outcome.status, "0 errors, 6 warnings" in outcome.errors) == (0, True)
    assert f"{at}/bitnami/web:2.1" in outcome.output.splitlines()
    assert "  -:30  Deployment rel-web, container web" in outcome.output.splitlines()
    assert boxship("audit", "-", "--strict", given=chart.read_bytes()).status == 8


def test_what_is_wrong_ends_with_8_and_is_told_as_json(at: str, chart: Path) -> None:
    chart.write_text(chart.read_text().replace("shell:11", "shell:12"))
    outcome = boxship("audit", str(chart.parent), "--platform", "linux/arm64", "-o", "json", "--ignore", "unpinned")
    document = json.loads(outcome.output)
    assert (outcome.status, document["schema"], document["healthy"]) == (8, "boxship.audit/1", False)
    found = {image["image"]: [finding["id"] for finding in image["findings"]] for image in document["images"]}
    lacking = ["platform", "plain-http"]
    assert found == {
        f"{at}/bitnami/shell:12": ["missing", "plain-http"],
        f"{at}/bitnami/web:2.1": lacking,
        f"{at}/bitnami/exporter:0.9": lacking,
    }
    uses = document["images"][1]["uses"]
    assert [(use["file"], use["line"]) for use in uses] == [(str(chart), 30), (str(chart), 45)]
    lines = boxship("audit", str(chart), "-o", "jsonl").output.splitlines()
    assert [json.loads(line)["image"] for line in lines] == list(found)


def test_a_lock_and_the_mirror_of_what_was_locked(at: str, chart: Path, tmp_path: Path) -> None:
    outcome = boxship("audit", "lock", str(chart.parent))
    with Client() as client:
        digests = {f"{at}/{image}": client.digest(f"{at}/{image}") for image in IMAGES}
    assert outcome.output.splitlines() == sorted(f"{image} {digest}" for image, digest in digests.items())
    lock = tmp_path / "images.lock"
    lock.write_bytes(outcome.raw)
    before = chart.read_text()
    chart.chmod(0o640)
    (tmp_path / "link.yaml").symlink_to(chart)
    assert (
        boxship("audit", "rewrite", "--to", "mirror.corp", "--pin", str(lock), str(tmp_path / "link.yaml")).status == 0
    )
    after = before
    for image in IMAGES:
        after = after.replace(f"{at}/{image}", f"mirror.corp/{image}@{digests[f'{at}/{image}']}")
    assert (chart.read_text(), chart.stat().st_mode & 0o777) == (after, 0o640)
    assert (tmp_path / "link.yaml").is_symlink()
    assert boxship("audit", "--lock", str(lock), "-", given=before.encode()).status == 0
    push(at, IMAGES[1])
    moved = boxship("audit", "--lock", str(lock), "-", given=before.encode())
    assert (moved.status, moved.output.count("drift: ")) == (8, 1)


def test_a_dry_run_prints_what_patch_applies_and_changes_nothing(chart: Path) -> None:
    before = chart.read_bytes()
    outcome = boxship("audit", "rewrite", "--to", "mirror.corp", "--dry-run", str(chart))
    assert (outcome.status, chart.read_bytes()) == (0, before)
    changed = [line for line in outcome.output.splitlines() if line.startswith(("+ ", "- "))]
    assert len(changed) == 8
    assert changed[1] == "+          image: mirror.corp/bitnami/shell:11"
    piped = boxship("audit", "rewrite", "--to", "mirror.corp", "-", given=before)
    assert piped.raw.count(b"mirror.corp/") == 4


def test_what_cannot_be_locked_or_rewritten_is_said_and_ends_with_8(at: str) -> None:
    text = f"{at}/bitnami/web:2.1\n{at}/bitnami/gone:1\n"
    outcome = boxship("audit", "lock", "-", given=text.encode())
    assert (outcome.status, len(outcome.output.splitlines())) == (8, 1)
    assert f"-:2: {at}/bitnami/gone:1: " in outcome.errors
    compose = b"services: {a: {image: '${R:-reg.corp}/a:1'}}\n"
    outcome = boxship("audit", "rewrite", "--to", "mirror.corp", "-", given=compose)
    assert (outcome.status, outcome.raw) == (8, compose)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rewrite", "-"], "neither --to nor --pin is given"),
        (["rewrite", "--to", "mirror", "-"], "it begins with no host"),
        (["rewrite", "--to", "mirror.corp", "-"], "it would be the name of ghcr.io/a and of quay.io/a"),
        (["-", "--from-secret", "-"], "it is the files, and something else, too"),
        (["/nowhere.yaml"], "no such file"),
        (["-", "--ignore", "nothing"], "'nothing' is none of"),
        (["-", "--platform", "amd64"], "a platform is os/architecture"),
    ],
)
def test_wrong_words_are_said_and_end_with_2(words: list[str], said: str) -> None:
    outcome = boxship("audit", *words, given=b"quay.io/a:1\nghcr.io/a:1\n")
    assert (outcome.status, said in outcome.errors.lower().replace(said.lower(), said)) == (2, True), outcome.errors


def test_what_helm_could_not_render_is_no_good_news(tmp_path: Path) -> None:
    outcome = boxship("audit", "-", given=b"\n")
    assert (outcome.status, outcome.output) == (8, "-: standard input is empty\n")
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    assert "in a loop" in boxship("audit", str(tmp_path / "loop.yaml")).errors


def test_yaml_without_the_extra_prints_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("raise ImportError")
    outcome = boxship("audit", "-", given=b"kind: Pod\nimage: a\n", env={"PYTHONPATH": str(tmp_path)})
    assert (outcome.status, three_parts(outcome)[2]) == (2, "pip install 'boxship[yaml]'")


def test_nobody_else_reads_a_file_while_it_is_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, modes = tmp_path / "k.txt", list[int]()
    file.write_text("quay.io/a:1\n")
    file.chmod(0o600)

    def moved(self: Path, _: object) -> Path:
        modes.append(self.stat().st_mode & 0o777)
        raise PermissionError(13, "no", str(self))

    monkeypatch.setattr(Path, "replace", moved)
    assert main(["audit", "rewrite", "--to", "mirror.corp", str(file)]) == 1
    assert (modes, file.read_text(), list(tmp_path.iterdir())) == ([0o600], "quay.io/a:1\n", [file])
