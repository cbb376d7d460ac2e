from __future__ import annotations

import base64
import http.client
import os
import socket
import ssl
import time

import pytest

from boxship.testing import (
    Answer,
    Connection,
    HTTPProxy,
    Place,
    black_hole,
    http_proxy,
    in_turn,
    listening,
    mute,
    refused,
    serving,
    tls,
)
from tests.testing.conftest import Dial, rest_of
from tests.testing.echoes import echo, exchanged

BASIC = "Basic " + base64.b64encode(b"user:secret").decode()


def connected(client: socket.socket, target: str, *headers: str) -> bytes:
    """The head of the answer to a CONNECT."""
    client.sendall("\r\n".join((f"CONNECT {target} HTTP/1.1", f"Host: {target}", *headers, "", "")).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = client.recv(1)
        if not piece:
            break
        head += piece
    return head


def asked(proxy: HTTPProxy, url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    client = http.client.HTTPConnection(proxy.host, proxy.port, timeout=5)
    try:
        client.request(method, url, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = client.getresponse()
        return Answer(response.status, response.read(), headers=dict(response.headers))
    finally:
        client.close()


def test_a_tunnel_leads_to_the_place_that_a_name_stands_for(dial: Dial) -> None:
    with listening(echo) as target, http_proxy({"reg.test:443": target}) as proxy:
        client = dial(proxy)
        assert connected(client, "REG.test:443", "User-Agent: me").startswith(b"HTTP/1.1 200 ")
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
    request = proxy.requests[0]
    assert (request.method, request.target, request.headers["user-agent"]) == ("CONNECT", "REG.test:443", "me")


def test_loopback_needs_no_name_and_nothing_else_is_reached(dial: Dial) -> None:
    with listening(echo) as target, http_proxy() as proxy:
        assert connected(dial(proxy), target.address).startswith(b"HTTP/1.1 200 ")
        assert connected(dial(proxy), f"localhost:{target.port}").startswith(b"HTTP/1.1 200 ")
        for elsewhere in ("192.0.2.1:443", "example.com:443", "example.com", "127.0.0.1:http"):
            assert connected(dial(proxy), elsewhere).startswith(b"HTTP/1.1 502 ")


def test_a_tunnel_carries_much_both_ways_at_once(dial: Dial) -> None:
    content = os.urandom(3_000_000)
    with listening(echo) as target, http_proxy({"reg.test:443": target}) as proxy:
        client = dial(proxy)
        connected(client, "reg.test:443")
        assert exchanged(client, content) == content


def test_what_comes_together_with_the_request_is_passed_on(dial: Dial) -> None:
    with listening(echo) as target, http_proxy({"reg.test:443": target}) as proxy:
        client = dial(proxy)
        client.sendall(b"CONNECT reg.test:443 HTTP/1.1\r\n\r\nhello")
        client.shutdown(socket.SHUT_WR)
        assert rest_of(client).endswith(b"\r\n\r\nhello")


def test_the_targets_end_and_its_reset_are_passed_on(dial: Dial) -> None:
    def end_or_reset(connection: Connection) -> None:
        (connection.reset if connection.receive() == b"reset" else connection.finish)()

    with listening(end_or_reset) as target, http_proxy({"reg.test:443": target}) as proxy:
        client = dial(proxy)
        connected(client, "reg.test:443")
        client.sendall(b"end")
        assert client.recv(100) == b""
        client = dial(proxy)
        connected(client, "reg.test:443")
        client.sendall(b"reset")
        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_the_clients_reset_is_passed_on(dial: Dial) -> None:
    with mute() as target, http_proxy({"reg.test:443": target}) as proxy:
        client = dial(proxy)
        connected(client, "reg.test:443")
        taken_up = target.connection()  # one that is reset before that is none
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        assert taken_up.ending() == "reset"


def test_a_request_in_absolute_form_is_passed_on_without_what_is_the_proxys() -> None:
    with serving(lambda request: Answer(200, request.body)) as server, http_proxy({"reg.test:80": server}) as proxy:
        answer = asked(proxy, "http://reg.test/v2/?n=1", "PUT", b"content", Proxy_Authorization="Basic x", Accept="a/b")
        assert (answer.status, answer.body) == (200, b"content")
    assert (proxy.requests[0].target, server.requests[0].target) == ("http://reg.test/v2/?n=1", "/v2/?n=1")
    headers = server.requests[0].headers
    assert (headers["host"], headers["accept"], "proxy-authorization" in headers) == ("reg.test", "a/b", False)


def test_a_connection_is_kept_for_requests_to_any_place() -> None:
    with serving(Answer(200, b"one")) as one, serving(Answer(200, b"two")) as two:
        with http_proxy({"one.test:80": one, "two.test:5000": two}) as proxy:
            client = http.client.HTTPConnection(proxy.host, proxy.port, timeout=5)
            bodies = []
            for url in ("http://one.test/", "http://one.test/x", "http://two.test:5000/"):
                client.request("GET", url)
                bodies.append(client.getresponse().read())
            client.close()
        assert bodies == [b"one", b"one", b"two"]
        assert (len(proxy.connections), len(one.connections), len(two.connections)) == (1, 1, 1)


def test_a_fault_of_the_place_reaches_the_client() -> None:
    cut = Answer(200, b"x" * 100, truncate_after=10)
    with serving(cut) as server, http_proxy({"reg.test:80": server}) as proxy:
        client = http.client.HTTPConnection(proxy.host, proxy.port, timeout=5)
        client.request("GET", "http://reg.test/")
        answer = client.getresponse()
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
        client.close()


def test_without_the_log_in_there_is_a_challenge_and_with_it_the_way_is_free(dial: Dial) -> None:
    with listening(echo) as target, http_proxy({"a.test:1": target}, user="user", password="secret") as proxy:
        client = dial(proxy)
        head = connected(client, "a.test:1")
        assert head.startswith(b"HTTP/1.1 407 ")
        assert b'\r\nProxy-Authenticate: Basic realm="proxy"\r\n' in head
        client.recv(100)
        assert connected(client, "a.test:1", f"Proxy-Authorization: {BASIC}").startswith(b"HTTP/1.1 200 ")
        client.sendall(b"x")
        assert client.recv(1) == b"x"  # the target has taken the connection, which the system alone had made
        assert connected(dial(proxy), "a.test:1", "Proxy-Authorization: Basic eDp5").startswith(b"HTTP/1.1 407 ")
    assert [request.headers.get("proxy-authorization", "") for request in proxy.requests] == ["", BASIC, "Basic eDp5"]
    assert len(target.connections) == 1


def test_a_place_that_is_not_reached_is_said_so_in_a_page(dial: Dial) -> None:
    with refused() as nobody, black_hole() as hole:
        places = {"refused.test:1": nobody, "dropped.test:1": hole}
        with http_proxy(places, patience=0.3) as proxy:
            client = dial(proxy)
            assert connected(client, "refused.test:1").startswith(b"HTTP/1.1 502 ")
            assert b"refused" in client.recv(100).lower()
            assert connected(dial(proxy), "dropped.test:1").startswith(b"HTTP/1.1 504 ")
            assert asked(proxy, "http://refused.test:1/").status == 502


def test_another_answer_can_be_given_instead(dial: Dial) -> None:
    with listening(echo) as target, http_proxy({"a.test:1": target}, instead=Answer(403, b"no")) as proxy:
        assert connected(dial(proxy), "a.test:1").startswith(b"HTTP/1.1 403 ")
        assert asked(proxy, "http://a.test:1/").body == b"no"
        assert target.connections == ()


def test_an_answer_can_be_late_and_can_never_come(dial: Dial) -> None:
    with listening(echo) as target, http_proxy({"a.test:1": target}, delay=0.3) as proxy:
        started = time.monotonic()
        assert connected(dial(proxy), "a.test:1").startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - started >= 0.3
    with http_proxy(mute=True) as proxy:
        client = dial(proxy)
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connected(client, "a.test:1")
        assert [request.target for request in proxy.requests] == ["a.test:1"]


@pytest.mark.parametrize("target", ["/v2/", "https://reg.test/", "http://[reg/", "http://reg.test:x/"])
def test_what_is_no_request_to_a_proxy_is_refused(target: str, dial: Dial) -> None:
    with http_proxy() as proxy:
        client = dial(proxy)
        client.sendall(f"GET {target} HTTP/1.1\r\n\r\n".encode())
        assert rest_of(client).startswith(b"HTTP/1.1 400 ")


def test_what_is_no_http_is_refused(dial: Dial) -> None:
    with http_proxy() as proxy:
        client = dial(proxy)
        client.sendall(b"\x05\x01\x00")
        assert rest_of(client).startswith(b"HTTP/1.1 400 ")


def test_tls_goes_through_a_tunnel(server_context: ssl.SSLContext, client_context: ssl.SSLContext, dial: Dial) -> None:
    with tls(Answer(200, b"hello"), server_context) as server, http_proxy({"registry.test:443": server}) as proxy:
        client = http.client.HTTPSConnection(proxy.host, proxy.port, timeout=5, context=client_context)
        client.set_tunnel("registry.test", 443)
        client.request("GET", "/v2/")
        assert client.getresponse().read() == b"hello"
        client.close()


def test_a_proxy_can_be_spoken_to_over_tls(
    server_context: ssl.SSLContext, client_context: ssl.SSLContext, dial: Dial
) -> None:
    content = os.urandom(1_000_000)
    with listening(echo) as target, http_proxy({"a.test:1": target}, context=server_context) as proxy:
        assert proxy.url == f"https://{proxy.address}"
        with client_context.wrap_socket(dial(proxy), server_hostname="registry.test") as client:
            assert connected(client, "a.test:1").startswith(b"HTTP/1.1 200 ")
            for start in range(0, len(content), 50_000):
                piece = content[start : start + 50_000]
                client.sendall(piece)
                back = b""
                while len(back) < len(piece):
                    back += client.recv(65536)
                assert back == piece


@pytest.mark.parametrize("said", [b"", b"x" * 1000])
def test_an_open_tunnel_ends_with_the_proxy_and_leaves_nothing(said: bytes, dial: Dial) -> None:
    # The fixture looks for threads, and a socket that is left is a warning, which is an error.
    with mute() as target:
        with http_proxy({"a.test:1": target}) as proxy:
            client = dial(proxy)
            connected(client, "a.test:1")
            client.sendall(said)
            target.connection()
            started = time.monotonic()
        assert time.monotonic() - started < 2
        assert target.connection().ending() in ("closed", "reset")


def test_a_place_that_never_answers_does_not_keep_the_proxy_open(dial: Dial) -> None:
    with black_hole() as hole, http_proxy({"a.test:1": hole}, patience=60) as proxy:
        dial(proxy).sendall(b"CONNECT a.test:1 HTTP/1.1\r\n\r\n")
        proxy.connection()
        time.sleep(0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 2


def test_a_client_that_reads_nothing_does_not_keep_the_proxy_open(dial: Dial) -> None:
    def flood(connection: Connection) -> None:
        while True:
            connection.send(b"x" * 65536)

    with listening(flood) as target, http_proxy({"a.test:1": target}) as proxy:
        connected(dial(proxy), "a.test:1")
        time.sleep(0.2)
        started = time.monotonic()
    assert time.monotonic() - started < 2


def test_a_proxy_can_have_an_ipv6_address_and_reach_one(dial: Dial) -> None:
    with listening(echo, host="::1") as target, http_proxy(host="::1") as proxy:
        assert connected(dial(proxy), target.address).startswith(b"HTTP/1.1 200 ")
        assert proxy.url == f"http://[::1]:{proxy.port}"


def test_answers_may_change_with_time() -> None:
    answers = in_turn(Answer(503), Answer(200, b"up"))
    with serving(answers) as server, http_proxy({"a.test:80": Place(server.host, server.port)}) as proxy:
        assert [asked(proxy, "http://a.test/").status for _ in range(2)] == [503, 200]
