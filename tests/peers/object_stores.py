"""Object stores of the tests' own, on loopback: moto (quick), Ceph RGW (a real one), OpenStack Swift (a weak one).

Each keeps its files in a folder of its own, and is ended with the block. Ceph's parts are Debian's, as they are
installed; Swift is in an environment of its own, since what it needs is not what everything else needs.
"""

from __future__ import annotations

__all__ = ["Store", "ceph", "moto", "swift"]

import functools
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.process import NotListening, inside, running, wait_until_listening
from tests.peers.programs import free_port

REGION = "us-east-1"
START = 90.0  # seconds that Ceph may take on a busy machine; 13 on an idle one


@dataclass(frozen=True, slots=True)
class Store:
    """One that runs, and who may ask it."""

    endpoint: str
    key: str
    secret: str

    @property
    def environment(self) -> Mapping[str, str]:
        """What a registry is told of it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": REGION,
        }

    def at(self, endpoint: str) -> Store:
        """The same, reached another way."""
        return Store(endpoint, self.key, self.secret)

    def new(self) -> str:
        """A bucket with nothing in it."""
        name = f"t{uuid.uuid4().hex}"
        self.client.create_bucket(Bucket=name)
        return name

    def objects(self, bucket: str, prefix: str = "") -> dict[str, int]:
        """The sizes of the objects that there are, by their keys."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {each["Key"]: each["Size"] for page in pages for each in page.get("Contents", ())}

    def read(self, bucket: str, key: str) -> bytes:
        """What is there."""
        return bytes(self.client.get_object(Bucket=bucket, Key=key)["Body"].read())

    def overwrite(self, bucket: str, key: str, content: bytes) -> None:
        """What nobody should do."""
        self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def delete(self, bucket: str, key: str) -> None:
        """Lose an object."""
        self.client.delete_object(Bucket=bucket, Key=key)

    def unfinished(self, bucket: str) -> int:
        """How many multipart uploads nobody has ended."""
        return len(self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", ()))

    @property
    def client(self):  # type: ignore[no-untyped-def]  # noqa: ANN201 - botocore makes its classes as it runs
        return _client(self)


@functools.cache  # each has read a description of all of S3
def _client(store: Store):  # type: ignore[no-untyped-def]  # noqa: ANN202
    import boto3  # half a second, which every test of the registry would wait for

    return boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        aws_access_key_id=store.key,
        aws_secret_access_key=store.secret,
        region_name=REGION,
    )


@contextmanager
def moto(folder: Path) -> Iterator[Store]:
    """Moto's server, which keeps everything in memory and believes every signature."""
    folder.mkdir(parents=True)
    log, port = folder / "log", free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, log=log) as process:
        wait_until_listening(process, log=log)
        yield Store(f"http://127.0.0.1:{port}", "key", "secret")


@contextmanager
def ceph(folder: Path) -> Iterator[Store]:
    """A monitor, one OSD that keeps everything in memory, and the gateway that speaks S3."""
    made = _Ceph(folder)
    with ExitStack() as programs:
        made.configure()
        programs.enter_context(made.running("mon", "ceph-mon", "-i", "a"))
        osd = str(uuid.uuid4())
        made.run("ceph", "osd", "new", osd)
        made.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        programs.enter_context(made.running("osd", "ceph-osd", "-i", "0"))
        port = free_port()
        beast = f"beast endpoint=127.0.0.1:{port} tcp_nodelay=1"
        gateway = programs.enter_context(made.running("rgw", "radosgw", "-n", "client.rgw", f"--rgw-frontends={beast}"))
        who = ("--uid=boxship", "--display-name=boxship", "--access-key=AKEY", "--secret-key=SKEY")
        made.run("radosgw-admin", "user", "create", *who)
        _wait_until_answering(f"http://127.0.0.1:{port}/", gateway, folder / "rgw.log")
        store = Store(f"http://127.0.0.1:{port}", "AKEY", "SKEY")
        store.overwrite(store.new(), "first", b"")  # the pools for content appear with it, which takes seconds
        yield store


class _Ceph:
    """Ceph's programs, told where everything is by one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "CEPH_CONF": str(folder / "ceph.conf")}

    def configure(self) -> None:
        for part in ("mon", "osd", "run"):
            (self.folder / part).mkdir(parents=True)
        keyring, monitors = str(self.folder / "keyring"), str(self.folder / "monmap")
        port, cluster = free_port(), str(uuid.uuid4())
        here = _CEPH.format(cluster=cluster, port=port, folder=self.folder)
        (self.folder / "ceph.conf").write_text(here)
        for new, (name, caps) in enumerate(_CEPH_CAPS.items()):
            given = [word for kind in caps for word in ("--cap", kind, "allow *")]
            create = () if new else ("--create-keyring",)
            self.run("ceph-authtool", *create, keyring, "--gen-key", "-n", name, *given)
        address = f"[v2:127.0.0.1:{port}/0]"
        self.run("monmaptool", "--create", "--fsid", cluster, "--addv", "a", address, monitors)
        self.run("ceph-mon", "-i", "a", "--mkfs", "--monmap", monitors, "--keyring", keyring)

    def run(self, *command: str) -> None:
        told = subprocess.run(
            inside(None, command), env=self.environment, capture_output=True, text=True, timeout=START, check=False
        )
        if told.returncode:
            raise NotListening(f"{command!r} ended with {told.returncode}:\n{told.stdout}{told.stderr}")

    @contextmanager
    def running(self, name: str, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        log = self.folder / f"{name}.log"
        with running([*command, "-f"], log=log, env=self.environment) as process:
            yield process


# `insecure`: what a client of another version would be warned of. One PG a pool is enough for what tests put there.
_CEPH = """
[global]
fsid = {cluster}
mon host = [v2:127.0.0.1:{port}/0]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
ms bind ipv6 = false
keyring = {folder}/keyring
run dir = {folder}/run
crash dir = {folder}/run
admin socket = {folder}/run/$name.asok
pid file = {folder}/run/$name.pid
log to file = false
log to stderr = true
err to stderr = true
mon cluster log to file = false
mon data = {folder}/mon
mon data avail crit = 1
mon allow pool size one = true
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
"""
_CEPH_CAPS: Mapping[str, Sequence[str]] = {
    "mon.": ("mon",),
    "client.admin": ("mon", "osd", "mgr", "mds"),
    "osd.0": ("mon", "osd", "mgr"),
    "client.rgw": ("mon", "osd"),
}


@contextmanager
def swift(folder: Path) -> Iterator[Store]:
    """OpenStack Swift with one device, asked by its S3 API, which knows its users by `tempauth`."""
    folder.mkdir(parents=True)
    ports = {kind: free_port() for kind in ("account", "container", "object", "proxy")}
    (folder / "devices" / "d1").mkdir(parents=True)
    (folder / "swift.conf").write_text(_SWIFT)
    for kind, port in ports.items():
        server = _SWIFT_PROXY if kind == "proxy" else _SWIFT_SERVER
        settings = server.format(kind=kind, port=port, folder=folder, user=os.environ.get("USER", "root"))
        (folder / f"{kind}.conf").write_text(settings)
        if kind != "proxy":
            _make_ring(folder, kind, port)
    environment = {**os.environ, "SWIFT_CONF": str(folder / "swift.conf")}
    with ExitStack() as programs:
        for kind, port in ports.items():
            log = folder / f"{kind}.log"
            command = [f"swift-{kind}-server", str(folder / f"{kind}.conf")]
            process = programs.enter_context(running(command, log=log, env=environment))
            _wait_until_answering(f"http://127.0.0.1:{port}/", process, log)
        yield Store(f"http://127.0.0.1:{ports['proxy']}", "test:tester", "secret")


def _make_ring(folder: Path, kind: str, port: int) -> None:
    builder = inside(None, ["swift-ring-builder", str(folder / f"{kind}.builder")])
    for step in (["create", "4", "1", "0"], ["add", f"r1z1-127.0.0.1:{port}/d1", "1"], ["rebalance"]):
        subprocess.run([*builder, *step], check=False, capture_output=True, timeout=60)  # 1 is a warning


_SWIFT = """
[swift-hash]
swift_hash_path_suffix = boxship
[storage-policy:0]
name = one
default = yes
"""
_SWIFT_SERVER = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
recon_cache_path = {folder}
mount_check = false
fallocate_reserve = 0
workers = 0
user = {user}
log_address = {folder}/log
bind_ip = 127.0.0.1
bind_port = {port}
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
# The cache is told of a server that is not there: it would only keep what is cheap to find out.
_SWIFT_PROXY = """
[DEFAULT]
swift_dir = {folder}
workers = 0
user = {user}
log_address = {folder}/log
bind_ip = 127.0.0.1
bind_port = {port}
[pipeline:main]
pipeline = catch_errors cache listing_formats bulk s3api tempauth copy slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = secret .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
"""


def _wait_until_answering(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the URL gets any answer at all."""
    deadline = time.monotonic() + START
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NotListening(f"{process.args!r} answers nothing:\n{log.read_text(errors='replace')[-4000:]}")
