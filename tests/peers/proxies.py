"""Other people's proxies, as the tests run them in a namespace: tinyproxy, Squid and microsocks, each with a log-in."""

from __future__ import annotations

__all__ = ["DENIED", "PROGRAMS", "proxy"]

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.peers.process import running, wait_until_listening
from tests.peers.programs import ALICE, Address

DENIED = "denied.test"  # what the filters do not let through; microsocks has none

TINYPROXY = """\
Listen {address.host}
Port {address.port}
Timeout 20
BasicAuth {login.user} {login.password}
FilterDefaultDeny No
Filter "{folder}/filter"
"""
SQUID = """\
http_port {address}
pid_filename none
access_log none
cache_log /dev/null
netdb_filename none
cache deny all
shutdown_lifetime 0 seconds
forward_timeout 5 seconds
dns_timeout 1 second
auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/users
auth_param basic children 1 startup=1
acl known proxy_auth REQUIRED
acl denied dstdomain {denied}
http_access deny denied
http_access allow known
http_access deny all
"""
# Made by `openssl passwd -apr1`: Squid's helper does not read bcrypt.
USERS = f"{ALICE.user}:$apr1$boxship0$qcePq4ho36ardvAFwHBcZ.\n"
# Squid shares memory by a name that a killed one leaves behind: in this namespace nobody else sees it.
OWN_MEMORY = ("sh", "-c", 'mount -t tmpfs none /dev/shm && exec "$@"', "sh")


def _tinyproxy(folder: Path, address: Address) -> Sequence[str]:
    (folder / "filter").write_text(f"{DENIED}\n")
    config = folder / "tinyproxy.conf"
    config.write_text(TINYPROXY.format(address=address, folder=folder, login=ALICE))
    return ["tinyproxy", "-d", "-c", str(config)]


def _squid(folder: Path, address: Address) -> Sequence[str]:
    (folder / "users").write_text(USERS)
    config = folder / "squid.conf"
    config.write_text(SQUID.format(address=address, folder=folder, denied=DENIED))
    return [*OWN_MEMORY, "squid", "-N", "-d1", "-f", str(config)]


def _microsocks(_folder: Path, address: Address) -> Sequence[str]:
    return ["microsocks", "-i", address.host, "-p", str(address.port), "-u", ALICE.user, "-P", ALICE.password]


PROGRAMS: Mapping[str, Callable[[Path, Address], Sequence[str]]] = {
    "tinyproxy": _tinyproxy,
    "squid": _squid,
    "microsocks": _microsocks,
}


@contextmanager
def proxy(name: str, namespace: str, address: Address) -> Iterator[None]:
    """Run one of the programs while the block runs; `ALICE` may use it."""
    # Not the test's own folder: Squid gives up its rights before it reads its users. Nor one in `OWN_MEMORY`.
    with TemporaryDirectory(dir="/var/tmp") as created:
        folder = Path(created)
        folder.chmod(0o755)
        log = folder / "log"
        with running(PROGRAMS[name](folder, address), log=log, namespace=namespace) as process:
            wait_until_listening(process, log=log, ports=frozenset({address.port}))
            yield
