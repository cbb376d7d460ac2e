"""What files ask for: boxship's own, and those of skopeo's and regsync's own documentation, read as they are."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings, MissingExtra
from boxship.reference import Reference, Registry
from boxship.sync.chosen import parse_moment
from boxship.sync.wish import Waiting, Wish, Written
from boxship.sync.written import parse_written

SKOPEO = """
registry.example.com:
    images:
        busybox: []
        redis:
            - "1.0"
            - "2.0"
            - "sha256:0000000000000000000000000000000011111111111111111111111111111111"
    images-by-tag-regex:
        nginx: ^1\\.13\\.[12]-alpine-perl$
    images-by-semver:
        alpine: ">= 3.12.0"
    credentials:
        username: john
        password: this is a secret
    tls-verify: true
    cert-dir: /home/john/certs
quay.io:
    tls-verify: false
    images:
        coreos/etcd:
            - latest
"""  # skopeo-sync(1)
REGSYNC = """
version: 1
creds:
  - registry: registry:5000
    tls: disabled
  - registry: docker.io
    user: "{{env \\"HUB_USER\\"}}"
    pass: "{{file \\"HUB_TOKEN\\"}}"
    reqPerSec: 2.5
    reqConcurrent: 4
defaults:
  ratelimit:
    min: 100
    retry: 15m
  parallel: 2
  interval: 60m
  backup: "bkup-{{.Ref.Tag}}"
sync:
  - source: busybox:latest
    target: registry:5000/library/busybox:latest
    type: image
  - source: alpine
    target: registry:5000/library/alpine
    type: repository
    tags:
      allow:
      - "latest"
      - "3"
      - "3.\\\\d+"
  - source: debian
    target: registry:5000/library/debian
    type: repository
    tags:
      allow:
      - "\\\\d+"
    mediaTypes:
      - "application/vnd.docker.distribution.manifest.v1+json"
      - "application/vnd.docker.distribution.manifest.v1+prettyjws"
      - "application/vnd.docker.distribution.manifest.v2+json"
      - "application/vnd.docker.distribution.manifest.list.v2+json"
      - "application/vnd.oci.image.manifest.v1+json"
      - "application/vnd.oci.image.index.v1+json"
  - source: ghcr.io/regclient/regctl:latest
    target: registry:5000/regclient/regctl:latest
    type: image
  - source: ghcr.io
    target: "{{.Sync.Source}}.mirror:5000/all"
    type: registry
    repos: {allow: [a, b.*], deny: [bad]}
    tagSets:
      - {semverRange: [">=1 <2", ">=4"], deny: [".*-rc.*"]}
      - {allow: [edge]}
    platforms: [linux/amd64, linux/arm64]
    referrers: true
"""  # regclient, docs/examples/regsync.yml, and a registry


def _repositories(written: Written) -> list[str]:
    return [str(wish.source) for wish in written.wishes]


def _tagged(wish: Wish, *tags: str) -> list[str]:
    return [tag for tag in tags if wish.tags.has(tag)]


def test_skopeos_manual_has_this_file() -> None:
    written = parse_written(SKOPEO, "sync.yml", target="mirror.corp/repo/")
    digest = "sha256:0000000000000000000000000000000011111111111111111111111111111111"
    assert _repositories(written) == [
        "registry.example.com/busybox",
        "registry.example.com/redis:1.0",
        "registry.example.com/redis:2.0",
        f"registry.example.com/redis@{digest}",
        "registry.example.com/nginx",
        "registry.example.com/alpine",
        "quay.io/coreos/etcd:latest",
    ]
    nginx, alpine = written.wishes[4:6]
    assert _tagged(nginx, "1.13.1-alpine-perl", "1.13.3-alpine-perl") == ["1.13.1-alpine-perl"]
    assert _tagged(alpine, "3.12.0", "4.0.0", "3.11", "edge") == ["3.12.0", "4.0.0"]
    here = written.access["registry.example.com"]
    assert (here.username, here.password and here.password.reveal()) == ("john", "this is a secret")
    assert (here.ca_file, here.skip_tls_verify, written.access["quay.io"].skip_tls_verify) == (
        "/home/john/certs",
        False,
        True,
    )
    etcd = Reference.parse("quay.io/coreos/etcd:latest")
    assert str(written.wishes[-1].target.target(etcd)) == "mirror.corp/repo/etcd:latest"
    scoped = parse_written(SKOPEO, "sync.yml", target="mirror.corp", scoped=True).wishes[-1]
    assert str(scoped.target.target(etcd)) == "mirror.corp/quay.io/coreos/etcd:latest"


def test_regsyncs_documentation_has_this_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_USER", "alice")
    token = tmp_path / "token"
    token.write_text("secret\n")
    written = parse_written(REGSYNC.replace("HUB_TOKEN", str(token)), "regsync.yml")
    hub, plain = written.access["docker.io"], written.access["registry:5000"]
    assert (hub.username, hub.password and hub.password.reveal()) == ("alice", "secret")
    assert (hub.requests_per_second, hub.concurrency, plain.plain_http) == (2.5, 4, True)
    assert (written.jobs, len(written.left)) == (2, 1)
    image, repository, debian, regctl, registry = written.wishes
    assert _tagged(debian, "12", "12.1", "sid") == ["12"]
    assert str(regctl.source) == "ghcr.io/regclient/regctl:latest"
    assert str(image.target.target(Reference.parse("busybox:latest"))) == "registry:5000/library/busybox:latest"
    assert image.waiting == Waiting(100, 900.0)
    there = Reference.parse("registry:5000/library/busybox:1")
    assert image.backup
    assert str(image.backup.beside(there)) == "registry:5000/library/busybox:bkup-1"
    assert _tagged(repository, "latest", "3", "3.20", "3.20.1", "2") == ["latest", "3", "3.20"]
    assert registry.source == Registry.parse("ghcr.io")
    assert str(registry.target.target(Reference.parse("ghcr.io/a/b:1"))) == "ghcr.io.mirror:5000/all/a/b:1"
    assert _tagged(registry, "1.1", "1.2-rc1", "3.0", "4.1", "edge") == ["1.1", "4.1", "edge"]
    assert [name for name in ("a", "ab", "bx", "bad") if registry.repositories.has(name)] == ["a", "bx"]
    assert (registry.referrers, registry.cosign, len(registry.platforms)) == (True, False, 2)


def _regsync(entry: str, rest: str = "") -> Written:
    return parse_written(f"version: 1\n{rest}sync:\n- {{{entry}}}\n", "regsync.yml")


def test_an_image_without_a_tag_is_latest_for_regsync() -> None:
    (wish,) = _regsync("source: alpine, target: 'r.corp:5000/alpine', type: image").wishes
    assert str(wish.source) == "docker.io/library/alpine:latest"
    (wish,) = _regsync("source: 'alpine:3', target: r.corp/alpine, type: image").wishes
    assert str(wish.target.target(Reference.parse("alpine:3"))) == "r.corp/alpine:latest"
    digest = f"sha256:{'0' * 64}"
    (wish,) = _regsync(f"source: 'alpine@{digest}', target: 'r.corp/alpine:3', type: image").wishes
    assert str(wish.source) == f"docker.io/library/alpine@{digest}"


def test_what_is_not_read_of_regsyncs_file_is_said() -> None:
    rest = """
x-common: &common {foo: 1}
defaults: {fastCheck: true, cacheTime: 5m, Parallel: 3, repo: x}
creds:
- {registry: r.corp, user: robot, pass: '{{env "NOT_SET_ANYWHERE"}}', repoAuth: true, tls: DISABLED}
"""
    entry = "source: a.b/c, target: r.corp/c, type: repository, tags: {alow: [x]}, tagset: [], ratelimit: {max: 5}"
    written = _regsync(entry, rest)
    assert written.left == (
        "regsync.yml:6: user and pass go together, and one of them is empty: neither is sent",
        "cacheTime, fastCheck, repoAuth: not read, as that changes no image",
        "alow, max, repo, tagset: no field that is known, and not read",
    )
    assert (written.jobs, written.access["r.corp"].plain_http) == (3, True)


def test_numbers_and_dates_are_tags_as_they_are_written() -> None:
    written = parse_written("a.corp: {images: {b: [1.10, 0o7, 2024-01-31, 1_0, 1e3]}}", "sync.yml", target="c.corp")
    assert [str(wish.source) for wish in written.wishes] == [
        f"a.corp/b:{tag}" for tag in ("1.10", "0o7", "2024-01-31", "1_0", "1e3")
    ]
    (wish,) = _regsync("source: a.b/c, target: d.e/c, type: repository, tags: {allow: [3.20]}").wishes
    assert _tagged(wish, "3.20", "3.2") == ["3.20"]
    (wish,) = parse_written("sync: [{source: a.b/c, target: d.e/f, tags: {semver: 2}}]", "own.yaml").wishes
    assert _tagged(wish, "2.1", "3.0") == ["2.1"]


def test_skopeos_folder_of_certificates_says_who_asks_too(tmp_path: Path) -> None:
    for name in ("ca.crt", "client.cert", "client.key"):
        (tmp_path / name).write_text("")
    written = parse_written(f"a.corp: {{images: {{b: []}}, cert-dir: {tmp_path}}}", "sync.yml", target="c.corp")
    access = written.access["a.corp"]
    assert (access.ca_file, access.cert, access.key) == (
        str(tmp_path),
        str(tmp_path / "client.cert"),
        str(tmp_path / "client.key"),
    )


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("credentials: {username: john}", "go together"),
        ("credentials: {password: x}", "go together"),
        ("credentials: {username: john, password: x, identitytoken: y}", "identitytoken: there is no such field"),
        ("cert-dir: FOLDER", "there is no client.key beside it"),
        ("images-by-semver: {'c:1': '>1'}", "it is an image, and no repository"),
    ],
)
def test_what_skopeos_file_says_of_credentials_is_heard(tmp_path: Path, told: str, why: str) -> None:
    (tmp_path / "client.cert").write_text("")
    text = f"a.corp: {{images: {{b: []}}, {told.replace('FOLDER', str(tmp_path))}}}"
    with pytest.raises(InvalidSettings, match=why):
        parse_written(text, "sync.yml", target="c.corp")


def test_boxships_own_file() -> None:
    text = """
        jobs: 7
        hosts: {"reg.corp:5000": {requests-per-second: 5, concurrency: 2}}
        sync:
          - source: reg.corp:5000
            target: mirror.corp/{registry}/{repository}
            repositories: {allow: ["team/.*"], deny: [".*/old"]}
            tags: {semver: ">=1.2, <2 || ~3.1", deny: [".*-rc.*"], since: 2024-01-31, before: 2025-01-31T12:00:00Z}
            platforms: [linux/amd64, linux/arm64/v8]
            filter: true
            referrers: true
            backup: "{tag}-before"
        """
    written = parse_written(text, "mirror.yaml")
    (wish,) = written.wishes
    assert (written.jobs, written.access["reg.corp:5000"].concurrency) == (7, 2)
    source = Reference.parse("reg.corp:5000/team/app:1.3")
    assert str(wish.target.target(source)) == "mirror.corp/reg.corp-5000/team/app:1.3"
    assert [name for name in ("team/app", "team/old", "x/team/app") if wish.repositories.has(name)] == ["team/app"]
    assert _tagged(wish, "1.2", "1.9.9", "2.0", "3.1.4", "1.3-rc1", "latest") == ["1.2", "1.9.9", "3.1.4"]
    dates = wish.tags.dates
    made = ("2024-01-30", "2024-01-31T00:00:00Z", "2025-01-31T11:59:59.123456789Z", "2025-01-31T12:00:00Z", "")
    assert [date for date in made if dates.has(date)] == ["2024-01-31T00:00:00Z", "2025-01-31T11:59:59.123456789Z"]
    assert (wish.filtered, wish.referrers, wish.cosign, len(wish.platforms)) == (True, True, True, 2)


def test_an_age_is_a_date_before_now() -> None:
    now = datetime(2026, 3, 31, tzinfo=UTC)
    assert parse_moment("90d", now) == datetime(2025, 12, 31, tzinfo=UTC)
    assert parse_moment("12h", now) == datetime(2026, 3, 30, 12, tzinfo=UTC)


OWN = "sync: [{{source: a.b/c, target: d.e/f, {}}}]"
REG = "{{version: 1, sync: [{{source: a.b/c, target: d.e/f, type: repository, {}}}]}}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (OWN.format("tag: {}"), "tag: there is no such field"),
        (OWN.format("tags: {deny: [x], allw: [y]}"), "allw: there is no such field"),
        ("sync: [{source: a.b/c}]", "target: is missing"),
        ("sync: [{target: a.b/c}]", "source: is missing"),
        ("sync: [{source: a.b/C, target: d.e/f}]", "did you mean c"),
        ("sync: [{source: a.b/c, target: 'd.e/{repo}'}]", "stands for nothing"),
        ("sync: [{source: a.b, target: 'd.e:5000'}]", "a repository is missing"),
        (OWN.format("backup: '{{tag}} bad'").replace("{{", "{").replace("}}", "}"), "backup '{tag} bad'"),
        (OWN.format("tags: {allow: ['(']}"), "pattern"),
        (OWN.format("tags: {allow: ['[[:digit:]]']}"), "are not known"),
        (OWN.format("tags: {semver: new}"), "no range"),
        (OWN.format("tags: {since: soon}"), "no date and no age"),
        (OWN.format("tags: {since: 999999w}"), "no date and no age"),
        (OWN.format("platforms: [linux]"), "platforms"),
        ("{sync: [], jobs: 0}", "a whole number above 0"),
        ("{sync: [], hosts: {a.b: {concurrency: 1.5}}}", "a whole number above 0"),
        ("{sync: [], hosts: {a.b: {requests-per-second: 0}}}", "a number above 0"),
        (REG.format("mediaTypes: [application/vnd.oci.image.index.v1+json]"), "are copied, too"),
        (REG.format("hooks: {pre: {type: x}}"), "regsync would do this"),
        (REG.format("backup: '{{{{.Ref.Path}}}}'"), "is not known here"),
        (REG.format("tags: {{semverRange: [new]}}").replace("{{", "{").replace("}}", "}"), "no range"),
        ("{version: 1, sync: [{source: a.b, target: 'd.e//x', type: registry}]}", "a component is empty"),
        ("{version: 2, sync: []}", "only version 1"),
        ("{version: 1, sync: [{source: a.b/c, target: d.e/f}]}", "registry, repository or image"),
        ("{version: 1, creds: [{registry: a.b, credHelper: x}]}", "not reached so"),
        ("{version: 1, creds: [{registry: a.b, tls: maybe}]}", "enabled, insecure or disabled"),
        ("{version: 1, defaults: {skipDockerConfig: true}, sync: [{source: a.b/c, type: image}]}", "regsync would do"),
        ("{version: 1, defaults: {parallel: many}}", "should be a number"),
        ("{version: 1, sync: [{source: 'a.b/c:1', target: d.e/f, type: repository}]}", "it is an image"),
        ("{sync: [], jobs: many}", "should be a number"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_line(text: str, why: str) -> None:
    with pytest.raises(InvalidSettings, match=r"mirror\.yaml:1") as wrong:
        parse_written(text, "mirror.yaml")
    assert why in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "target", "why"),
    [("", "", "asks for nothing"), ("a.b: {}", "", "no target"), ("sync: []", "a.b/c", "says its targets itself")],
)
def test_what_is_wrong_with_a_file_as_a_whole_is_said(text: str, target: str, why: str) -> None:
    with pytest.raises(InvalidSettings, match=why):
        parse_written(text, "mirror.yaml", target=target)


def test_without_the_extra_pip_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtra, match="pip install 'boxship\\[yaml\\]'") as missing:
        parse_written("sync: []", "mirror.yaml")
    assert missing.value.exit_status == 2
