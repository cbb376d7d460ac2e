"""What the page is looked at with: a registry as teams fill it, one whose every word wants to be HTML, and a large one.

Times are fixed, so that pictures of it differ only where the page does.
"""

from __future__ import annotations

__all__ = ["HOSTILE", "Tool", "fill", "fill_hostile", "large", "many"]

import functools
import io
import json
import random
import sqlite3
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from isal import igzip

from boxship.digest import Digest
from boxship.media_type import OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST
from boxship.testing import put_blob, put_image, put_manifest

# A name, and its bytes; None is a folder, a text the target of a symbolic link.
File = tuple[str, bytes | str | None]
_MADE = 1_790_000_000  # 2026-09-21
_NOISE = random.Random(1).randbytes(800_000)  # what does not shrink, as programs do not
_BASE: tuple[File, ...] = (
    ("bin", None),
    ("bin/sh", "busybox"),
    ("bin/busybox", b"\x7fELF" + _NOISE),
    ("etc", None),
    ("etc/os-release", b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'),
    ("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n"),
    ("usr/share/doc/readme", b"Read me.\n" * 400),
    ("var/cache/apt/pkgcache.bin", _NOISE[:220_000]),
)
HOSTILE = '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>'
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_EMPTY = b"{}"
_SBOM = "application/spdx+json"
_SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"


@dataclass(frozen=True, slots=True)
class Tool:
    """A step of an image: what made it, and the files of its layer (None: it made none)."""

    by: str
    files: tuple[File, ...] | None = None


def fill(address: str) -> None:
    """Push what a small company has: images in versions for two platforms, with what refers to them."""
    for number, name in enumerate(_NAMES):
        put_image(address, name, layers=[_layer((("app", f"{name} {number}".encode()),))])
    for minor in range(12):
        _release(address, "team/app", f"1.{minor}", minor)
    last = _release(address, "team/app", "1.12", 12)
    _release(address, "team/app", "latest", 12)
    sbom = _attach(address, "team/app", last, _SBOM, {"org.opencontainers.image.created": _time(12)})
    _attach(address, "team/app", sbom, _SIGNATURE, {})
    _attach(address, "team/app", last, _SIGNATURE, {"dev.sigstore.cosign/bundle": '{"Payload": "…"}'})


def fill_hostile(address: str) -> None:
    """Push an image whose labels, history, annotations, files and referrers all want to be HTML."""
    steps = (Tool(HOSTILE, ((f"etc/{HOSTILE.replace('/', '')}", b"x"), ("etc/link", HOSTILE))), Tool("\u202eRUN evil"))
    run = {"Labels": {HOSTILE: HOSTILE}, "Env": [HOSTILE], "Entrypoint": [HOSTILE], "User": HOSTILE}
    config, layers = _configured(steps, "linux/amd64", 0, run)
    image = _put(address, "evil/app", "v1", config, layers, annotations={HOSTILE: HOSTILE})
    _put(address, "evil/app", "v2", *_configured(steps[:1], "linux/amd64", 1, {**run, "User": "0"}))
    _attach(address, "evil/app", image, f"text/{HOSTILE}", {HOSTILE: HOSTILE})


def large(count: int = 100_000) -> Iterable[str]:
    """The names of so many repositories, of which `team-011/service-077777` is one."""
    return (f"team-{number % 997:03}/service-{number:06}" for number in range(count))


def many(folder: Path, names: Iterable[str]) -> None:
    """Give the registry of that folder, which is not running, so many repositories."""
    with closing(sqlite3.connect(folder / "registry.db")) as database, database:
        database.executemany("INSERT INTO repo (name) VALUES (?)", ((name,) for name in names))


_NAMES = (
    *(
        f"library/{name}"
        for name in ("alpine", "busybox", "debian", "golang", "nginx", "node", "postgres", "python", "redis")
    ),
    *(f"payments/{name}" for name in ("api", "ledger", "reports", "web", "worker")),
    *(f"platform/{name}" for name in ("gateway", "identity", "operator", "operator/webhook", "scheduler")),
    *(f"team/{name}" for name in ("docs", "jobs", "web", "web/assets")),
    "tools/boxship",
)


def _release(address: str, repository: str, tag: str, minor: int) -> Mapping[str, object]:
    # A program that grows, and a cache that the last step hides.
    program = b"\x7fELF" + _NOISE[: 400_000 + 30_000 * minor]
    steps = (
        Tool("/bin/sh -c #(nop) ADD file:1b2c3d in / ", _BASE),
        Tool('/bin/sh -c #(nop)  CMD ["bash"]'),
        Tool(
            "RUN /bin/sh -c apt-get update && apt-get install -y ca-certificates # buildkit",
            (("etc/ssl/certs/ca.crt", _NOISE[:90_000].hex().encode()), ("var/lib/dpkg/status", _packages(minor))),
        ),
        Tool("WORKDIR /app"),
        Tool(
            "COPY dist/app /app/app # buildkit",
            (("app", None), ("app/app", program), ("app/config.yaml", f"version: 1.{minor}\n".encode())),
        ),
        Tool("RUN /bin/sh -c rm /var/cache/apt/pkgcache.bin # buildkit", (("var/cache/apt/.wh.pkgcache.bin", b""),)),
        Tool("EXPOSE map[8080/tcp:{}]"),
        Tool('ENTRYPOINT ["/app/app"]'),
    )
    run = {
        "Entrypoint": ["/app/app"],
        "Cmd": ["serve", "--listen", ":8080"],
        "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", f"APP_VERSION=1.{minor}"],
        "ExposedPorts": {"8080/tcp": {}},
        "User": "10001:10001",
        "WorkingDir": "/app",
        "Labels": {
            "org.opencontainers.image.source": "https://git.example.com/team/app",
            "org.opencontainers.image.version": f"1.{minor}",
            "org.opencontainers.image.licenses": "Apache-2.0",
        },
    }
    entries = []
    for platform in ("linux/amd64", "linux/arm64"):
        config, layers = _configured(steps, platform, minor, run)
        image = _put(address, repository, "", config, layers)
        entries.append({**image, "platform": dict(zip(("os", "architecture"), platform.split("/"), strict=True))})
    annotations = {"org.opencontainers.image.title": "The application"}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries, "annotations": annotations}
    return _put_manifest(address, repository, tag, OCI_INDEX, index)


def _packages(minor: int) -> bytes:
    versions = {
        "base-files": "12.4",
        "ca-certificates": "20230311",
        "libssl3": f"3.0.{9 + minor // 3}",
        "zlib1g": "1.2.13",
    }
    if minor > 10:
        versions["tzdata"] = "2026b"
    text = "Package: {}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n"
    return "\n".join(text.format(*pair) for pair in versions.items()).encode()


def _configured(
    steps: Sequence[Tool], platform: str, minor: int, run: Mapping[str, object]
) -> tuple[dict[str, object], list[bytes]]:
    system, architecture = platform.split("/")
    tars = [_tar(step.files) for step in steps if step.files is not None]
    history = [
        {"created": _time(minor), "created_by": step.by, **({"empty_layer": True} if step.files is None else {})}
        for step in steps
    ]
    config: dict[str, object] = {
        "created": _time(minor),
        "os": system,
        "architecture": architecture,
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(tar)) for tar in tars]},
        "history": history,
    }
    return config, [_packed(tar) for tar in tars]


@functools.cache
def _packed(tar: bytes) -> bytes:
    return igzip.compress(tar, mtime=0)  # most images have the same base


def _time(minor: int) -> str:
    return f"2026-{1 + minor // 2:02}-{5 + (minor % 2) * 14:02}T08:30:00Z"


def _put(
    address: str, repository: str, tag: str, config: object, layers: list[bytes], **more: object
) -> Mapping[str, object]:
    """Push an image, under its digest where there is no tag; return what describes it."""
    raw = _json(config)
    for blob in (raw, *layers):
        put_blob(address, repository, blob)
    described = [_described(OCI_LAYER_GZIP, layer) for layer in layers]
    said = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": _described(OCI_CONFIG, raw), "layers": described}
    return _put_manifest(address, repository, tag, OCI_MANIFEST, {**said, **more})


def _put_manifest(
    address: str, repository: str, tag: str, media_type: str, said: Mapping[str, object]
) -> Mapping[str, object]:
    document = _json(said)
    put_manifest(address, repository, tag or str(Digest.of(document)), document, media_type=media_type)
    return _described(media_type, document)


def _attach(
    address: str, repository: str, subject: Mapping[str, object], kind: str, annotations: Mapping[str, str]
) -> Mapping[str, object]:
    """Push something that refers to what is described; return what describes it."""
    put_blob(address, repository, _EMPTY)
    empty = _described(_EMPTY_TYPE, _EMPTY)
    said = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": kind,
        "config": empty,
        "layers": [empty],
        "subject": subject,
        "annotations": annotations,
    }
    return _put_manifest(address, repository, "", OCI_MANIFEST, said)


def _layer(files: Sequence[File]) -> bytes:
    return _packed(_tar(files))


def _tar(files: Sequence[File]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.mtime, member.mode = _MADE, 0o755
            if content is None:
                member.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content) if isinstance(content, bytes) else None)
    return packed.getvalue()


def _described(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": str(Digest.of(content)), "size": len(content)}


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
