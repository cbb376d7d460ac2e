"""TLS that is broken in each way, by a real nginx: which check is red, what it says, and what there is to paste."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from boxship import Client
from boxship.doctor import Check, Report, Status, examine
from boxship.testing import put_image, registry
from tests.doctor.looking import WHOLE
from tests.doctor.pki import DAY, Authority, Issued
from tests.peers.nginx import nginx_of, proxy_to
from tests.peers.programs import Address, free_port

pytestmark = pytest.mark.peer("nginx")

HOST = "reg.test"
AIA = "http://pki.test/intermediate.crt"
ROOT = Authority("Test Root")
MIDDLE = Authority("Test Intermediate", ROOT)
GOOD = MIDDLE.issue(HOST)
USER, STRANGER = ROOT.issue(), Authority("Another Root").issue()
ASKS = "ssl_verify_client on; ssl_client_certificate {root};"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A server, how it is asked, and what is said of it.

    Attributes:
        sent: its chain; nothing for plain HTTP.
        directives: more of nginx's; `{root}` is a file.
        trusted: what `--ca-file` has; shown: what `--cert` has.
        red: the checks of TLS and clocks that are errors; amber: those that are warnings.
        said: words of checks, by id.
        pasted: in what there is to paste.
    """

    sent: tuple[Issued, ...] = (GOOD, MIDDLE.issued)
    directives: str = ""
    trusted: tuple[Issued, ...] = (ROOT.issued,)
    shown: Issued | None = None
    host: str = HOST
    skips: bool = False
    red: frozenset[str] = frozenset()
    amber: frozenset[str] = frozenset()
    said: Mapping[str, str] = field(default_factory=dict)
    remedy: str = ""
    pasted: str = ""


BROKEN = {
    "expired": Row(
        sent=(MIDDLE.issue(HOST, begins=-90 * DAY, ends=-40 * DAY), MIDDLE.issued),
        red=frozenset({"tls", "tls.expiry"}),
        said={"tls": "its certificate has expired 40 days ago, on 20", "tls.expiry": "and the registry's clock (20"},
        remedy="must renew it",
    ),
    "not yet valid": Row(
        sent=(MIDDLE.issue(HOST, begins=3.5 * DAY), MIDDLE.issued),
        red=frozenset({"tls", "tls.expiry"}),
        said={"tls.expiry": "in 3 days, and the registry's clock (20"},
        remedy="must replace it",
    ),
    "another name": Row(
        sent=(MIDDLE.issue("other.test", "*.reg.test"), MIDDLE.issued),
        red=frozenset({"tls", "tls.names"}),
        said={"tls.names": "its certificate is for other.test, *.reg.test, and not for reg.test"},
        remedy="use a name that it is for",
    ),
    "expired, and another name": Row(
        sent=(MIDDLE.issue("other.test", begins=-9 * DAY, ends=-DAY), MIDDLE.issued),
        red=frozenset({"tls", "tls.names", "tls.expiry"}),
        said={"tls.names": "and not for reg.test", "tls.expiry": "expired 24 h ago"},
    ),
    "without its intermediate": Row(
        sent=(MIDDLE.issue(HOST, issuer_at=AIA),),
        red=frozenset({"tls", "tls.chain"}),
        said={"tls.chain": "without that of CN=Test Intermediate", "tls.root": "cannot be said without"},
        remedy=f"let it send that too (for nginx, both are in the file of ssl_certificate); it is at {AIA}",
        pasted=f"/etc/docker/certs.d/{HOST}",
    ),
    "an unknown root": Row(
        trusted=(STRANGER,),
        red=frozenset({"tls", "tls.root"}),
        said={"tls.root": "leads to CN=Test Root, which is not trusted here", "tls.names": HOST},
        remedy="--ca-file",
        pasted="install -D -m 644 ca.crt /etc/docker/certs.d/",
    ),
    "an unknown root that is sent": Row(
        sent=(GOOD, MIDDLE.issued, ROOT.issued),
        trusted=(STRANGER,),
        red=frozenset({"tls", "tls.root"}),
        said={"tls.root": "the authority of its certificate, CN=Test Root, is not trusted here"},
        remedy="--ca-file",
        pasted="/usr/local/share/ca-certificates/",
    ),
    "by an unknown authority alone": Row(
        sent=(ROOT.issue(HOST),),
        trusted=(STRANGER,),
        red=frozenset({"tls", "tls.root"}),
        said={"tls.root": "its certificate was signed by CN=Test Root, which is not trusted here"},
        remedy="where that is no root, its operator must let it send that as well",
        pasted="SSL_CERT_FILE=ca.crt crane ls",
    ),
    "self-signed": Row(
        sent=(Authority.self_signed(HOST),),
        red=frozenset({"tls", "tls.root"}),
        said={"tls.root": "self-signed"},
        remedy="give that certificate with --ca-file",
        pasted="/etc/containers/certs.d/",
    ),
    "TLS 1.1 at most": Row(
        directives="ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;",
        red=frozenset({"tls"}),
        said={"tls": "it speaks TLS 1.1 and nothing newer", "tls.names": HOST, "tls.root": "was not looked at"},
        remedy="must let it speak TLS 1.2 or newer",
    ),
    "no client certificate": Row(
        directives=ASKS,
        red=frozenset({"tls.client"}),
        said={"tls": "ALPN http/1.1", "tls.client": "it asks for a client certificate, and none is given"},
        remedy="--cert FILE and --key FILE",
        pasted="/client.cert",
    ),
    "no client certificate, in TLS 1.2": Row(
        directives=f"{ASKS} ssl_protocols TLSv1.2;",
        red=frozenset({"tls.client"}),
        said={"tls": "TLSv1.2", "tls.client": "none is given"},
        pasted="client = [[",
    ),
    "a stranger's client certificate": Row(
        directives=ASKS,
        shown=STRANGER,
        red=frozenset({"tls.client"}),
        said={"tls.client": "it does not accept the client certificate"},
        remedy="that the registry trusts its authority",
    ),
}
WELL = {
    "plain HTTP, which this machine may": Row(
        sent=(), amber=frozenset({"tls"}), said={"tls": "does not speak TLS: it answers in plain HTTP"}
    ),
    "with its intermediate": Row(
        said={
            "tls": "ALPN http/1.1",
            "tls.chain": "2 sent",
            "tls.names": HOST,
            "tls.expiry": "valid for 89 days more, until 20",
            "tls.root": "CN=Test Root, trusted by ",
            "clock": "agree",
        },
    ),
    "in any order, with more than is needed": Row(sent=(GOOD, STRANGER, MIDDLE.issued), said={"tls.chain": "3 sent"}),
    "by an address": Row(sent=(ROOT.issue("127.0.0.1"),), host="127.0.0.1", said={"tls.names": "127.0.0.1"}),
    "by a wildcard": Row(sent=(ROOT.issue("*.corp.test"),), host="Reg.corp.test", said={"tls.names": "*.corp.test"}),
    "for twelve days more": Row(
        sent=(ROOT.issue(HOST, ends=12.5 * DAY),),
        amber=frozenset({"tls.expiry"}),
        said={"tls.expiry": "valid for 12 days more"},
    ),
    "an intermediate that is known here": Row(
        sent=(GOOD,),
        trusted=(ROOT.issued, MIDDLE.issued),
        amber=frozenset({"tls.chain"}),
        said={"tls.chain": "it is sent without CN=Test Intermediate, which is known here"},
    ),
    "a common name alone": Row(
        sent=(ROOT.issue(common_name=HOST),),
        amber=frozenset({"tls.names"}),
        said={"tls.names": "as common name alone: docker, containerd, podman and crane do not accept that"},
    ),
    "a client certificate": Row(directives=ASKS, shown=USER, said={"tls.client": "is shown"}),
    "a client certificate is welcome": Row(directives=ASKS.replace("client on", "client optional")),
    "nothing is verified": Row(
        sent=(MIDDLE.issue("other.test", begins=-9 * DAY, ends=-DAY),),
        skips=True,
        amber=frozenset({"tls.names", "tls.expiry", "tls.root"}),
        said={"tls.root": "certificates are not checked"},
    ),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Report]]:
    """What the doctor finds at each, all of them servers of one nginx."""
    with serving_rows(tmp_path_factory.mktemp("tls")) as (ports, folder):
        yield {name: examined(row, ports[name], folder / str(ports[name])) for name, row in (BROKEN | WELL).items()}


@contextmanager
def serving_rows(folder: Path) -> Iterator[tuple[Mapping[str, int], Path]]:
    """The port of each row's server, and the folder of their files."""
    rows = BROKEN | WELL
    ports = {name: free_port() for name in rows}
    root = folder / "root.pem"
    root.write_bytes(ROOT.issued.pem)
    with registry() as running:
        put_image(running.address, "team/app", "v1")
        upstream = Address("127.0.0.1", int(running.address.rpartition(":")[2]))
        answer = proxy_to(upstream).replace("$http_host", str(upstream))  # it answers to no name that it does not know
        servers = [_server(row, ports[name], folder / str(ports[name]), root, answer) for name, row in rows.items()]
        with nginx_of(folder / "nginx", "\n".join(servers), ports=frozenset(ports.values())):
            yield ports, folder


def _server(row: Row, port: int, folder: Path, root: Path, answer: str) -> str:
    folder.mkdir()
    if not row.sent:
        return f"server {{ listen 127.0.0.1:{port}; location / {{ {answer} }} }}"
    chain, key = row.sent[0].write(folder, *row.sent[1:])
    directives = f"ssl_certificate {chain}; ssl_certificate_key {key}; {row.directives.replace('{root}', str(root))}"
    return f"server {{ listen 127.0.0.1:{port} ssl; {directives} location / {{ {answer} }} }}"


def examined(row: Row, port: int, folder: Path) -> Report:
    trusted = folder / "trusted.pem"
    trusted.write_bytes(b"".join(issued.pem for issued in row.trusted))
    shown, key = row.shown.write(folder / "shown") if row.shown else (None, None)
    client = Client(
        ca_file=None if row.skips else trusted,
        cert=shown,
        key=key,
        skip_tls_verify=row.skips,
        resolve={(row.host.lower(), port): ("127.0.0.1", port)},
        memory=None,
    )
    with client:
        return examine(f"{row.host}:{port}/team/app:v1", client)


def _of_tls(report: Report, status: Status) -> frozenset[str]:
    ids = (check.id for check in report.checks if check.status is status)
    return frozenset(check for check in ids if check.partition(".")[0] in ("tls", "clock"))


def _check(report: Report, name: str) -> Check:
    return next(check for check in report.checks if check.id == name)


@pytest.mark.parametrize("name", BROKEN | WELL)
def test_the_right_checks_are_red(name: str, reports: Mapping[str, Report]) -> None:
    row, report = (BROKEN | WELL)[name], reports[name]
    assert (_of_tls(report, Status.ERROR), _of_tls(report, Status.WARNING)) == (row.red, row.amber), report.checks
    for check, words in row.said.items():
        assert words in _check(report, check).words
    assert any(row.remedy in check.remedy for check in report.checks if check.id in row.red) or not row.remedy
    assert any(row.pasted in remedy.text or row.pasted in remedy.where for remedy in report.remedies) or not row.pasted
    assert report.seconds < WHOLE


@pytest.mark.parametrize("name", BROKEN)
def test_the_verdict_has_the_cause(name: str, reports: Mapping[str, Report]) -> None:
    red = [check for check in reports[name].checks if check.id in BROKEN[name].red]
    verdict = reports[name].verdict
    assert any(check.words in verdict for check in red)


@pytest.mark.parametrize("name", WELL)
def test_what_works_is_called_well(name: str, reports: Mapping[str, Report]) -> None:
    assert reports[name].verdict.startswith("All is well")


def test_the_chain_is_shown_as_it_was_sent(reports: Mapping[str, Report]) -> None:
    first, second = _check(reports["with its intermediate"], "tls.chain").evidence
    assert first.startswith("1: CN=the registry, by CN=Test Intermediate, valid from 20")
    assert second.startswith("2: CN=Test Intermediate, by CN=Test Root, valid from 20")


def test_the_file_that_trusts_the_root_is_named(reports: Mapping[str, Report]) -> None:
    assert "trusted.pem (flag --ca-file)" in _check(reports["with its intermediate"], "tls.root").words
