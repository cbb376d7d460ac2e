"""The checks of TLS by themselves: values in, checks out, also for what is hard to build for real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from boxship.doctor import Status
from boxship.doctor.chain import Certificate, certificates, path
from boxship.doctor.clock import clock_check, skew_of
from boxship.doctor.secure import tls_checks
from boxship.doctor.secured import Secured, cause
from boxship.doctor.unverified import Unverified
from boxship.wire.message import Head

DAY = 86400.0
NOW = 1_800_000_000.0
HOST = "reg.test"

LEAF = Certificate(subject="CN=leaf", issuer="CN=middle", names=(HOST,), begins=NOW - DAY, ends=NOW + 90 * DAY)
MIDDLE = Certificate(subject="CN=middle", issuer="CN=root", begins=NOW - DAY, ends=NOW + 900 * DAY)
ROOT = Certificate(subject="CN=root", issuer="CN=root", begins=NOW - DAY, ends=NOW + 9000 * DAY)
WELL = Secured(
    name=HOST,
    now=NOW,
    agreed="TLSv1.3, AES, ALPN http/1.1",
    sent=(LEAF, MIDDLE),
    verified=(LEAF, MIDDLE, ROOT),
    root_in="/etc/roots.pem (the system's)",
)
REFUSED = replace(WELL, agreed="", verified=(), root_in="", said="not accepted", remedy="do")
ASKING = Unverified(spoke=True, version="TLSv1.3", asks=True, status=403)
OK, WARNING, ERROR, SKIPPED = Status.OK, Status.WARNING, Status.ERROR, Status.SKIPPED


def with_leaf(**changes: object) -> Secured:
    leaf = replace(LEAF, **changes)  # type: ignore[arg-type]
    return replace(WELL, sent=(leaf, MIDDLE), verified=(leaf, MIDDLE, ROOT))


CHECKS: Mapping[str, tuple[Secured, str, Status, str]] = {
    "trusted": (WELL, "tls.root", OK, "CN=root, trusted by /etc/roots.pem (the system's)"),
    "trusted, nobody knows where": (replace(WELL, root_in=""), "tls.root", OK, "CN=root, trusted here"),
    "15 days": (with_leaf(ends=NOW + 15 * DAY), "tls.expiry", OK, "valid for 15 days more"),
    "13 days": (with_leaf(ends=NOW + 13 * DAY), "tls.expiry", WARNING, "valid for 13 days more"),
    "an authority's 13 days": (
        replace(WELL, verified=(LEAF, replace(MIDDLE, ends=NOW + 13 * DAY), ROOT)),
        "tls.expiry",
        WARNING,
        "that of CN=middle",
    ),
    "an authority that has expired": (
        replace(REFUSED, code=10, sent=(LEAF, replace(MIDDLE, ends=NOW - 3 * DAY))),
        "tls.expiry",
        ERROR,
        "the certificate of its authority CN=middle has expired 3 days ago",
    ),
    "an old certificate that leads nowhere": (
        replace(WELL, sent=(LEAF, MIDDLE, replace(ROOT, subject="CN=old", ends=NOW - DAY))),
        "tls.expiry",
        OK,
        "valid for 90 days more",
    ),
    "not an authority's, which was sent without": (
        replace(REFUSED, code=20, sent=(LEAF,)),
        "tls.root",
        ERROR,
        "was signed by CN=middle, which is not trusted here",
    ),
    "an intermediate that is missing": (
        replace(REFUSED, code=20, sent=(replace(LEAF, issuer_at=("http://pki.test/middle",)),)),
        "tls.chain",
        ERROR,
        "without that of CN=middle",
    ),
    "names that OpenSSL refuses": (replace(REFUSED, code=62), "tls.names", ERROR, f"and not for {HOST}"),
    "names, though not verified": (with_leaf(names=("other.test",)), "tls.names", ERROR, "is for other.test"),
    "no name at all": (with_leaf(names=()), "tls.names", ERROR, "is for nobody"),
    "a handshake that ended before": (REFUSED, "tls.root", SKIPPED, "was not looked at"),
    "not checked": (replace(WELL, verified=(), skipped="--insecure"), "tls.root", WARNING, "(--insecure)"),
    "a client's, which was shown": (replace(WELL, shown="me.pem"), "tls.client", OK, "me.pem is shown"),
    "a client's, in a page": (
        replace(WELL, second=ASKING, answered="it answers 400 with an HTML page, 'The SSL certificate error'"),
        "tls.client",
        ERROR,
        "none is given",
    ),
}


@pytest.mark.parametrize("name", CHECKS)
def test_a_check(name: str) -> None:
    seen, check, status, words = CHECKS[name]
    found = next(found for found in tls_checks(seen, "10.0.0.1:443", ERROR) if found.id == check)
    assert (found.status, found.at) == (status, "10.0.0.1:443")
    assert words in found.words


@pytest.mark.parametrize("shown", ["", "me.pem"])
def test_who_welcomes_a_client_certificate_may_refuse_for_another_reason(shown: str) -> None:
    seen = replace(WELL, shown=shown, second=ASKING, answered="it answers 403 with an HTML page, 'Forbidden'")
    assert not seen.wants_client
    assert ERROR not in {check.status for check in tls_checks(seen, "", ERROR)}


def test_what_is_not_known_better_is_said_as_tls_says_it() -> None:
    root_expired = replace(REFUSED, code=10)
    assert cause(root_expired) == cause(replace(REFUSED, code=66)) == ("not accepted", "do")


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    [
        ("reg.test", "REG.test", True),
        ("*.test", "reg.test", True),
        ("*.test", "a.reg.test", False),
        ("*.reg.test", "reg.test", False),
        ("r*.test", "reg.test", False),
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1", True),
        ("*.0.0.1", "10.0.0.1", False),
    ],
)
def test_a_name_covers_a_host(name: str, host: str, *, covered: bool) -> None:
    assert replace(LEAF, names=(name,)).covers(host) is covered


def test_a_chain_of_hostile_certificates_ends() -> None:
    one, two = replace(LEAF, subject="CN=a", issuer="CN=b"), replace(LEAF, subject="CN=b", issuer="CN=a")
    assert path((one, two)) == (one, two)
    assert path((replace(one, issuer="CN=a"), two))[0].self_issued


def test_a_certificate_that_cannot_be_taken_apart_ends_the_chain() -> None:
    class Broken:
        def get_info(self) -> Mapping[str, object]:
            raise ValueError

    assert certificates([Broken()]) == certificates(None) == ()


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Fri, 15 Jan 2027 08:00:00 GMT", 0.0),
        ("Fri, 15 Jan 2027 08:05:00 GMT", 300.0),
        ("yesterday", None),
        ("Fri, 99 Jan 2027 08:00:00 GMT", None),
        ("", None),
    ],
)
def test_the_clock_of_an_answer(date: str, skew: float | None) -> None:
    assert skew_of(Head.of(200, "OK", [("Date", date)]), NOW) == skew
    assert skew_of(Head.of(200, "OK", []), NOW) is None


@pytest.mark.parametrize(("skew", "status"), [(60.0, OK), (-60.0, OK), (61.0, WARNING), (-61.0, WARNING)])
def test_a_minute_is_tolerated(skew: float, status: Status) -> None:
    assert clock_check("", skew).status is status
