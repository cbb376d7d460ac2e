from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from boxship.errors import InvalidSettings
from boxship.settings.proxies import Proxies, Route
from tests.property.words import HOSTS

PIECES = [
    "http://",
    "https://",
    "socks5://",
    "user",
    ":",
    "@",
    "proxy",
    ".corp",
    "[fd00::1]",
    "[",
    "]",
    "%",
    "%41",
    "/",
]
PIECES += ["?", "#", "3128", "9" * 5000, " ", "\n", "\0", "\ud800", "\udcff", "é", "İ", "..", "%25eth0", "\\"]
NEAR_URLS = st.text() | st.lists(st.sampled_from(PIECES), max_size=10).map("".join)
ENTRIES = [
    "*",
    "*.",
    ".",
    "foo.com",
    "10.0.0.0",
    "/8",
    "/",
    "/33",
    "fd00::",
    "[",
    "]",
    ":",
    "443",
    ",",
    " ",
    "%",
    "é",
    "\ud800",
]
LISTS = st.text() | st.lists(st.sampled_from(ENTRIES), max_size=10).map("".join)
PORTS = st.integers(1, 65535)
# Short words are found by accident in any text.
PASSWORDS = st.from_regex(r"hunter2[!-~]{0,12}", fullmatch=True)


def outcome_of(environment: dict[str, str], host: str, port: int) -> Route | InvalidSettings:
    try:
        return Proxies.of(environment).route("https", host, port)
    except InvalidSettings as error:
        return error


@given(NEAR_URLS, LISTS, st.text() | HOSTS, PORTS)
def test_any_environment_is_a_route_or_refused_with_the_variables_name(
    url: str, exceptions: str, host: str, port: int
) -> None:
    outcome = outcome_of({"HTTPS_PROXY": url, "NO_PROXY": exceptions}, host, port)
    if isinstance(outcome, InvalidSettings):
        assert outcome.file == "HTTPS_PROXY"
    else:
        assert (outcome.proxy is not None) == (outcome.rule == "HTTPS_PROXY")
        assert outcome.rule.isprintable()


@given(st.sampled_from(["", "http://", "https://", "socks5://", "ftp://", "\n"]), PASSWORDS, NEAR_URLS)
def test_a_password_is_never_shown(scheme: str, password: str, rest: str) -> None:
    environment = {"HTTPS_PROXY": f"{scheme}user:{password}@{rest}"}
    outcome = outcome_of(environment, "reg.corp", 443)
    shown = f"{outcome} {outcome!r} {Proxies.of(environment)!r}"
    shown += str(vars(outcome)) if isinstance(outcome, InvalidSettings) else f"{outcome.proxy}"
    assert "hunter2" not in shown


@given(HOSTS, PORTS)
def test_a_host_that_is_named_is_direct_and_at_no_other_port(host: str, port: int) -> None:
    place = f"[{host.partition('%')[0]}]:{port}" if ":" in host else f"{host}:{port}"
    environment = {"HTTPS_PROXY": "proxy", "NO_PROXY": place}
    assert isinstance(route := outcome_of(environment, host, port), Route)
    assert route.proxy is None
    assert isinstance(other := outcome_of(environment, host, port % 65535 + 1), Route)
    assert other.proxy is not None or other.rule == "loopback is never proxied"
