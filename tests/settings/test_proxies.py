from __future__ import annotations

import pytest

from boxship.credential import Credential, Secret
from boxship.errors import InvalidSettings
from boxship.settings.proxies import Proxies, Proxy, Route

PROXY = "http://proxy.corp:3128"


def proxies(no_proxy: str = "", **others: str) -> Proxies:
    return Proxies.of({"HTTPS_PROXY": PROXY, "HTTP_PROXY": "http://plain.corp:8080", "NO_PROXY": no_proxy, **others})


@pytest.mark.parametrize(
    ("environment", "scheme", "proxy", "rule"),
    [
        ({}, "https", None, "HTTPS_PROXY is not set"),
        ({}, "http", None, "HTTP_PROXY is not set"),
        ({"HTTPS_PROXY": ""}, "https", None, "HTTPS_PROXY is not set"),
        ({"HTTPS_PROXY": "secure"}, "https", "http://secure:80", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "secure"}, "http", None, "HTTP_PROXY is not set"),
        ({"HTTP_PROXY": "plain", "HTTPS_PROXY": "secure"}, "http", "http://plain:80", "HTTP_PROXY"),
        ({"HTTP_PROXY": "plain"}, "https", None, "HTTPS_PROXY is not set"),
        ({"https_proxy": "lower"}, "https", "http://lower:80", "https_proxy"),
        ({"http_proxy": "lower"}, "http", "http://lower:80", "http_proxy"),
        ({"HTTPS_PROXY": "upper", "https_proxy": "lower"}, "https", "http://upper:80", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "", "https_proxy": "lower"}, "https", "http://lower:80", "https_proxy"),
        ({"ALL_PROXY": "all", "all_proxy": "all"}, "https", None, "HTTPS_PROXY is not set"),
        (
            {"HTTP_PROXY": "plain", "REQUEST_METHOD": "GET"},
            "http",
            None,
            "HTTP_PROXY is refused where REQUEST_METHOD is set (CGI)",
        ),
        (
            {"http_proxy": "plain", "REQUEST_METHOD": "GET"},
            "http",
            None,
            "http_proxy is refused where REQUEST_METHOD is set (CGI)",
        ),
        ({"HTTPS_PROXY": "secure", "REQUEST_METHOD": "GET"}, "https", "http://secure:80", "HTTPS_PROXY"),
        ({"HTTP_PROXY": "plain", "REQUEST_METHOD": ""}, "http", "http://plain:80", "HTTP_PROXY"),
        ({"HTTPS_PROXY": "p", "NO_PROXY": "reg.corp"}, "https", None, "NO_PROXY entry reg.corp"),
        ({"HTTPS_PROXY": "p", "no_proxy": "reg.corp"}, "https", None, "no_proxy entry reg.corp"),
        ({"HTTPS_PROXY": "p", "NO_PROXY": "x", "no_proxy": "reg.corp"}, "https", "http://p:80", "HTTPS_PROXY"),
    ],
)
def test_the_variables_are_read_as_go_reads_them(
    environment: dict[str, str], scheme: str, proxy: str | None, rule: str
) -> None:
    route = Proxies.of(environment).route("https" if scheme == "https" else "http", "reg.corp", 443)
    assert (route.proxy and str(route.proxy), route.rule) == (proxy, rule)


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "direct"),
    [
        # The measured table (section 1.11 of the ecosystem's).
        (".foo.com", "foo.com", 443, False),
        ("*.foo.com", "bar.foo.com", 443, True),
        ("foo.com", "notfoo.com", 443, False),
        ("foo.com:5000", "foo.com", 5000, True),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "10.1.2.3", 5000, True),
        ("", "localhost", 5000, True),
        ("", "127.0.0.1", 5000, True),
        ("", "[::1]", 5000, True),
        ("", "::1", 5000, True),
        ("fd00::/8", "[fd00::1]", 5000, True),
        ("fd00::/8", "fd00::1", 5000, True),
        ("foo.com", "foo.com", 443, True),
        ("foo.com", "sub.foo.com", 443, True),
        (".foo.com", "sub.foo.com", 443, True),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("*", "foo.com", 443, True),
        ("*", "10.1.2.3", 443, True),
        (" a.com , foo.com ", "foo.com", 443, True),
        ("FOO.com", "foo.COM", 443, True),
        # Loopback, and what only looks like it.
        ("", "127.0.0.2", 80, True),
        ("", "127.255.255.254", 80, True),
        ("", "::ffff:127.0.0.1", 80, True),
        ("", "LOCALHOST", 80, True),
        ("", "localhost.", 80, True),
        ("", "::2", 80, False),
        ("", "localhost.net", 80, False),
        ("", "local.localhost", 80, False),
        ("", "127.0.0.1.nip.io", 80, False),
        # Domains.
        ("*.foo.com", "foo.com", 443, False),
        ("*.foo.com", "a.b.foo.com", 443, True),
        ("*.foo.com", "barfoo.com", 443, False),
        (".foo.com", "barfoo.com", 443, False),
        (".foo.com", "foo.com.example", 443, False),
        ("*foo.com", "barfoo.com", 443, False),
        ("a.com,foo.com", "foo.com", 443, True),
        ("a.com foo.com", "foo.com", 443, False),
        ("foo.com,,", "bar.com", 443, False),
        ("*,foo.com", "bar.com", 443, True),
        ("foo.com,*", "bar.com", 443, True),
        ("*:80", "bar.com", 80, False),
        ("*.", "bar.com", 80, False),
        (".", "bar.com", 80, False),
        (":1", "example.com", 1, False),
        ("http://foo.com", "foo.com", 80, False),
        ("foo.com", "foo.com.", 443, True),
        ("foo.com.", "foo.com", 443, True),
        # Ports.
        ("foo.com:5000", "foo.com", 443, False),
        ("foo.com:5000", "sub.foo.com", 5000, True),
        (".foo.com:5000", "sub.foo.com", 5000, True),
        (".foo.com:5000", "foo.com", 5000, False),
        ("*.foo.com:5000", "sub.foo.com", 443, False),
        ("foo.com:", "foo.com", 443, True),
        ("10.1.2.3:5000", "10.1.2.3", 5000, True),
        ("10.1.2.3:5000", "10.1.2.3", 443, False),
        ("[fd00::1]:443", "fd00::1", 443, True),
        ("[fd00::1]:443", "fd00::1", 5000, False),
        # Addresses.
        ("fd00::1", "[fd00::1]", 443, True),
        ("[fd00::1]", "fd00::1", 443, True),
        ("[foo.com]", "foo.com", 443, False),
        ("[foo.com]:443", "foo.com", 443, True),
        ("fd00:0:0::01", "fd00::1", 443, True),
        ("fd00::1", "fd00::2", 443, False),
        ("10.1.2.3", "10.1.2.30", 443, False),
        ("10.1.2.3", "::ffff:10.1.2.3", 443, True),
        ("::ffff:10.1.2.3", "10.1.2.3", 443, True),
        ("10.1.2.3/8", "10.9.9.9", 443, True),
        ("10.0.0.0/30", "10.0.0.4", 443, False),
        ("::ffff:10.0.0.0/104", "10.9.9.9", 443, True),
        ("::ffff:10.0.0.0/104", "11.9.9.9", 443, False),
        ("::/0", "10.1.2.3", 443, False),
        ("0.0.0.0/0", "10.1.2.3", 443, True),
        ("0.0.0.0/0", "fd00::1", 443, False),
        ("0.0.0.0/0", "foo.com", 443, False),
        ("10.0.0.0/255.0.0.0", "10.1.2.3", 443, False),
        ("10.0.0.0/", "10.0.0.0", 443, False),
        ("10.0.0.0/33", "10.0.0.0", 443, False),
        ("2.3", "10.1.2.3", 443, False),
        ("fe80::/10", "fe80::1%eth0", 443, True),
        ("fe80::1", "fe80::1%eth0", 443, True),
        ("fe80::1%eth0", "fe80::1%eth0", 443, False),
        ("example.com", "1000::%.example.com", 443, False),
        # Names in other scripts.
        (".示例.com", "www.示例.com", 443, True),
        (".示例.com", "示例.com", 443, False),
        ("示例.com", "www.xn--fsq092h.com", 443, True),
        ("xn--fsq092h.com", "www.示例.com", 443, True),
        ("*.示例.com:5000", "www.xn--fsq092h.com", 5000, True),
        ("示例..com", "foo.com", 443, False),
    ],
)
def test_no_proxy_means_what_it_means_to_go(no_proxy: str, host: str, port: int, *, direct: bool) -> None:
    known = proxies(no_proxy)
    assert (known.route("https", host, port).proxy is None) is direct
    assert (known.route("http", host, port).proxy is None) is direct


@pytest.mark.parametrize(
    ("no_proxy", "host", "rule"),
    [
        ("10.0.0.0/8", "10.1.2.3", "NO_PROXY entry 10.0.0.0/8"),
        ("a.com, *.Foo.com:443", "bar.foo.com", "NO_PROXY entry *.foo.com:443"),
        ("*", "127.0.0.1", "loopback is never proxied"),
        ("*\x1b[2J", "foo.com", "HTTPS_PROXY"),
        ("foo\x1b.com", "foo\x1b.com", "NO_PROXY entry foo .com"),
    ],
)
def test_a_route_says_which_rule_decided(no_proxy: str, host: str, rule: str) -> None:
    assert proxies(no_proxy).route("https", host, 443).rule == rule


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("proxy.corp:3128", "http://proxy.corp:3128"),
        ("proxy.corp", "http://proxy.corp:80"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("localhost", "http://localhost:80"),
        ("http://proxy.corp", "http://proxy.corp:80"),
        ("http://proxy.corp:1", "http://proxy.corp:1"),
        ("http://proxy.corp:65535", "http://proxy.corp:65535"),
        ("http://proxy.corp:", "http://proxy.corp:80"),
        ("http://proxy.corp:3128/", "http://proxy.corp:3128"),
        ("http://proxy.corp:3128/path?query#fragment", "http://proxy.corp:3128"),
        ("http://proxy.corp?query", "http://proxy.corp:80"),
        ("HTTPS://Proxy.Corp", "https://proxy.corp:443"),
        ("https://proxy.corp:8443", "https://proxy.corp:8443"),
        ("socks5://127.0.0.1", "socks5://127.0.0.1:1080"),
        ("socks5h://proxy.corp:9050", "socks5://proxy.corp:9050"),
        ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
        ("[FD00::1]", "http://[fd00::1]:80"),
        ("http://[fe80::1%25eth0]:3128", "http://[fe80::1%eth0]:3128"),
        ("http://[fe80::1%eth0]:3128", "http://[fe80::1%eth0]:3128"),
        ("http://my_proxy:3128", "http://my_proxy:3128"),
        ("http://示例.com:3128", "http://xn--fsq092h.com:3128"),
        ("http://user:hunter2@proxy.corp:3128", "http://proxy.corp:3128"),
        ("user:hunter2@proxy.corp:3128", "http://proxy.corp:3128"),
        ("user:hunter2@[fd00::1]:3128", "http://[fd00::1]:3128"),
    ],
)
def test_a_proxy_is_a_url_or_a_place_and_is_shown_without_its_log_in(url: str, shown: str) -> None:
    proxy = Proxy.parse(url, "HTTPS_PROXY")
    assert str(proxy) == shown
    assert "hunter2" not in repr(proxy)
    assert "user" not in repr(proxy)


@pytest.mark.parametrize(
    ("userinfo", "user", "password"),
    [
        ("user:secret", "user", "secret"),
        ("user", "user", ""),
        (":secret", "", "secret"),
        ("us%40er:p%3Aa%2Fs%25s", "us@er", "p:a/s%s"),
        ("user:p:q", "user", "p:q"),
        ("user:p@q", "user", "p@q"),
        ("us+er:p+q", "us+er", "p+q"),
        ("%C3%A9:ü", "é", "ü"),
        ("user:%ff", "user", "\udcff"),
    ],
)
def test_a_log_in_is_percent_decoded(userinfo: str, user: str, password: str) -> None:
    proxy = Proxy.parse(f"http://{userinfo}@proxy.corp", "https_proxy")
    assert proxy.credential == Credential.password(user, Secret(password), source="https_proxy")


@pytest.mark.parametrize("url", ["http://proxy.corp", "http://@proxy.corp", "http://:@proxy.corp"])
def test_a_proxy_without_a_log_in_has_no_credential(url: str) -> None:
    assert Proxy.parse(url, "HTTPS_PROXY").credential is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://u:hunter2@proxy:99999", "its port is not a number from 1 to 65535"),
        ("http://u:hunter2@proxy:65536", "its port is not a number from 1 to 65535"),
        ("http://u:hunter2@proxy:0", "its port is not a number from 1 to 65535"),
        ("http://u:hunter2@proxy:http", "its port is not a number from 1 to 65535"),
        ("http://u:hunter2@proxy:٣", "its port is not a number from 1 to 65535"),
        (f"http://u:hunter2@proxy:{'9' * 5000}", "its port is not a number from 1 to 65535"),
        ("http://u:hunter2#more@proxy:80", "its port is not a number from 1 to 65535"),
        ("ftp://u:hunter2@proxy", "its scheme is none of http, https, socks5, socks5h"),
        ("socks4://u:hunter2@proxy", "its scheme is none of http, https, socks5, socks5h"),
        ("http://u:hunter2@proxy\r\nX: y", "a control character stands in it"),
        ("http://u:hunter2\x00@proxy", "a control character stands in it"),
        ("http://u:hunter2\x7f@proxy", "a control character stands in it"),
        ("http://u:hunter2@proxy:3128\r", "a control character stands in it"),
        ("http://u:hunter2@", "it names no host"),
        ("http://", "it names no host"),
        ("//u:hunter2@proxy", "it names no host"),
        ("http://u:hunter2@:3128", "it names no host"),
        ("http://u:hunter2@pro xy", "its host is not a name or an address"),
        ("http://u:hunter2@proxy..corp", "its host is not a name or an address"),
        (f"http://u:hunter2@{'a' * 64}", "its host is not a name or an address"),
        (f"http://u:hunter2@{'a.' * 130}a", "its host is not a name or an address"),
        ("http://u:hunter2@é..corp", "its host is not a name or an address"),
        ("http://u:hunter2@fd00::1", "its host and port are not understood (an IPv6 address stands in brackets)"),
        ("http://u:hunter2@[fd00::1", "its host and port are not understood (an IPv6 address stands in brackets)"),
        ("http://u:hunter2@[fd00::1]3128", "its host and port are not understood (an IPv6 address stands in brackets)"),
        ("http://u:hunter2@[proxy]:3128", "what stands in brackets is not an IPv6 address"),
        ("http://u:hunter2@[10.0.0.1]:3128", "what stands in brackets is not an IPv6 address"),
        ("http://u:hunter2@[fe80::1%25]:3128", "what stands in brackets is not an IPv6 address"),
        ("http://u:hunter2@[fe80::1%]:3128", "what stands in brackets is not an IPv6 address"),
        (
            "http://u:hunter2@[fe80::1%a/b]:3128",
            "its host and port are not understood (an IPv6 address stands in brackets)",
        ),
        ("http://u:hunter2%@proxy", "a % in its log-in is not followed by two hexadecimal digits (write %25 for it)"),
        ("http://%zz:hunter2@proxy", "a % in its log-in is not followed by two hexadecimal digits (write %25 for it)"),
        ("http://u:hunter2\ud800@proxy", "its log-in is not text"),
    ],
)
def test_a_proxy_that_is_not_understood_is_an_error_that_names_the_variable_and_shows_no_password(
    url: str, why: str
) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Proxies.of({"HTTPS_PROXY": url}).route("https", "reg.corp", 443)
    assert (caught.value.file, caught.value.why) == ("HTTPS_PROXY", why)
    shown = f"{caught.value} {caught.value!r} {vars(caught.value)} {caught.value.__cause__} {caught.value.__context__}"
    assert "hunter2" not in shown


def test_a_proxy_that_is_not_understood_troubles_nobody_who_does_not_need_it() -> None:
    known = proxies("reg.corp", HTTPS_PROXY="socks4://proxy")
    assert known.route("https", "reg.corp", 443).proxy is None
    assert known.route("https", "localhost", 443).proxy is None
    assert str(known.route("http", "other.corp", 80).proxy) == "http://plain.corp:8080"


def test_equal_environments_are_equal_and_can_be_keys() -> None:
    environment = {"HTTPS_PROXY": "http://user:hunter2@proxy", "NO_PROXY": "10.0.0.0/8,*.foo.com"}
    one, other = Proxies.of(environment), Proxies.of(dict(environment))
    assert {one: 1}[other] == 1
    assert one != Proxies.of({**environment, "HTTPS_PROXY": "http://user:hunter3@proxy"})
    assert "hunter2" not in repr(one)


def test_nothing_is_known_of_an_empty_environment() -> None:
    assert Proxies() == Proxies.of({})


def test_a_route_can_be_a_key_and_shows_no_password() -> None:
    route = Proxies.of({"HTTPS_PROXY": "http://user:hunter2@proxy"}).route("https", "reg.corp", 443)
    assert isinstance(hash(route), int)
    assert "hunter2" not in f"{route!r} {route}"
    assert route == Route(Proxy.parse("user:hunter2@proxy", "HTTPS_PROXY"), "HTTPS_PROXY")


def test_what_changes_in_the_environment_later_changes_nothing() -> None:
    environment = {"HTTPS_PROXY": PROXY}
    known = Proxies.of(environment)
    environment.clear()
    assert str(known.route("https", "reg.corp", 443).proxy) == PROXY
