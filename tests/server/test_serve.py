"""The registry as a process: it starts, says where it is, serves, and ends when it is told to."""

from __future__ import annotations

import signal
import socket
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings, MissingExtra
from boxship.server import serve
from boxship.server.plan import Plan
from boxship.server.running.address import Address, bind
from boxship.server.storage import layout
from boxship.server.storage.layout import Layout
from tests.server.content import digest
from tests.server.running import CONTENT, ask, busy, connect, received, registry


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_and_quietly_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with registry(tmp_path) as (process, address), closing(connect(address)) as idle:
        idle.request("GET", "/v2/")
        assert idle.getresponse().read() == b"{}"
        started = time.monotonic()
        process.send_signal(number)
        assert process.wait(5) == 0
        assert time.monotonic() - started < 3
        assert process.communicate() == ("", "")


def test_what_is_in_progress_may_finish_and_nothing_new_begins(tmp_path: Path) -> None:
    with busy(tmp_path) as (process, download, upload):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(upload.getpeername())
        upload.sendall(b"yz")
        assert received(upload).startswith(b"HTTP/1.1 201 ")
        assert len(received(download)) > len(CONTENT) * 32 - 1000
        assert process.wait(5) == 0
        assert process.communicate() == ("", "")


def test_what_does_not_finish_is_ended_after_the_grace(tmp_path: Path) -> None:
    with busy(tmp_path, "--grace", "0.4") as (process, _, _):
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert 0.35 < time.monotonic() - started < 3
        assert process.communicate() == ("", "")


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with busy(tmp_path, "--grace", "60") as (process, _, _):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
        assert process.communicate() == ("", "")


def test_blobs_go_through_a_real_server_whole_and_in_ranges(tmp_path: Path) -> None:
    with registry(tmp_path) as (_, address):
        name = digest(CONTENT)
        assert ask(address, "POST", f"/v2/app/blobs/uploads/?digest={name}", CONTENT) == (201, b"")
        assert ask(address, "GET", f"/v2/app/blobs/{name}") == (200, CONTENT)
        assert ask(address, "GET", f"/v2/app/blobs/{name}", Range="bytes=-5") == (206, CONTENT[-5:])
        assert ask(address, "HEAD", f"/v2/app/blobs/{name}") == (200, b"")


def test_an_escaped_path_reaches_the_registry_as_it_was_sent(tmp_path: Path) -> None:
    with registry(tmp_path) as (_, address):
        for path in ("/v2/a%2f..%2fb/tags/list", "/v2/../v2/_catalog", "/v2/a/%2e%2e/tags/list"):
            assert ask(address, "GET", path)[0] == 400


def test_an_upload_survives_its_client_and_then_its_server(tmp_path: Path) -> None:
    with registry(tmp_path) as (process, address):
        location = begin(address)
        host, port = address.split(":")
        with socket.create_connection((host, int(port))) as upload:
            head = f"PATCH {location} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1000\r\n\r\n"
            upload.sendall(head.encode() + CONTENT[:500])
            time.sleep(0.1)
        wait_for_range(address, location, "0-499")
        process.kill()
        process.wait(5)
    with registry(tmp_path) as (_, address):
        wait_for_range(address, location, "0-499")
        put = f"{location}?digest={digest(CONTENT)}"
        assert ask(address, "PUT", put, CONTENT[500:], **{"Content-Range": f"500-{len(CONTENT) - 1}"})[0] == 201
        assert ask(address, "GET", f"/v2/app/blobs/{digest(CONTENT)}") == (200, CONTENT)


def test_what_arrived_of_an_upload_is_kept_when_the_registry_is_stopped_and_started(tmp_path: Path) -> None:
    with registry(tmp_path, "--grace", "0.2") as (process, address):
        location = begin(address)
        host, port = address.split(":")
        with socket.create_connection((host, int(port))) as upload:
            head = f"PATCH {location} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1000\r\n\r\n"
            upload.sendall(head.encode() + CONTENT[:500])
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(5) == 0
            assert process.communicate() == ("", "")
    with registry(tmp_path) as (_, address):
        wait_for_range(address, location, "0-499")
        put = f"{location}?digest={digest(CONTENT)}"
        assert ask(address, "PUT", put, CONTENT[500:], **{"Content-Range": f"500-{len(CONTENT) - 1}"})[0] == 201
        assert ask(address, "GET", f"/v2/app/blobs/{digest(CONTENT)}") == (200, CONTENT)


def begin(address: str) -> str:
    """A new upload's location."""
    connection = connect(address)
    connection.request("POST", "/v2/app/blobs/uploads/")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    location = answer.getheader("location")
    assert location
    return location


def wait_for_range(address: str, location: str, expected: str) -> None:
    for _ in range(100):
        connection = connect(address)
        connection.request("GET", location)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == 204
        if answer.getheader("range") == expected:
            return
        time.sleep(0.02)
    raise AssertionError(answer.getheader("range"))


def test_invented_names_are_served_if_given(tmp_path: Path) -> None:
    with registry(tmp_path, "--host-name", "reg.test", "--host-name", "other.test") as (_, address):
        assert ask(address, "GET", "/v2/", Host="reg.test:80")[0] == 200
        assert ask(address, "GET", "/v2/", Host="other.test")[0] == 200
        assert ask(address, "GET", "/v2/", Host="evil.test")[0] == 403


def test_nothing_is_deleted_unless_it_is_allowed(tmp_path: Path) -> None:
    with registry(tmp_path) as (_, address):
        assert ask(address, "DELETE", "/v2/app/manifests/v1")[0] == 405
    with registry(tmp_path, "--allow-delete") as (_, address):
        assert ask(address, "DELETE", "/v2/app/manifests/v1")[0] == 404


def test_requests_are_logged_to_standard_error_on_demand(tmp_path: Path) -> None:
    with registry(tmp_path, "--access-log", "text") as (process, address):
        ask(address, "GET", "/v2/_catalog")
        process.terminate()
        output, errors = process.communicate(timeout=5)
        assert (output, "GET /v2/_catalog" in errors) == ("", True)


def test_an_address_in_use_is_refused_also_beside_another_registry(tmp_path: Path) -> None:
    with registry(tmp_path / "one") as (_, address):
        with pytest.raises(InvalidSettings, match="already in use"):
            serve(Plan(address=address, folder=str(tmp_path / "two")), announce=print)
        assert not (tmp_path / "two").exists()


def test_two_registries_serve_one_folder(tmp_path: Path) -> None:
    with registry(tmp_path) as (_, one), registry(tmp_path) as (_, other):
        assert ask(one, "POST", f"/v2/app/blobs/uploads/?digest={digest(CONTENT)}", CONTENT)[0] == 201
        assert ask(other, "GET", f"/v2/app/blobs/{digest(CONTENT)}") == (200, CONTENT)


def test_a_folder_that_somebody_needs_alone_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_PATIENCE", 0.0)
    with closing(Layout(tmp_path)), pytest.raises(InvalidSettings, match="another registry uses this folder"):
        serve(Plan(address="127.0.0.1:0", folder=str(tmp_path)), announce=print)


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "10.1.2.3:5000", "[fd00::1]:5000"])
def test_an_address_that_others_reach_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(InvalidSettings, match="--insecure-http"):
        serve(Plan(address=address, folder=str(tmp_path)), announce=print)


def test_it_serves_others_if_that_is_meant(tmp_path: Path) -> None:
    with registry(tmp_path, "--insecure-http", "--anonymous", "push", address="0.0.0.0:0") as (_, address):
        assert address.startswith("0.0.0.0:")
        assert ask(address.replace("0.0.0.0", "127.0.0.1"), "GET", "/v2/")[0] == 200


@pytest.mark.parametrize(
    "text", ["", "5000", ":", "[]:", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "reg.test:1", "::1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings):
        Address.parse(text)


@pytest.mark.parametrize(
    ("text", "host", "loopback"),
    [
        ("127.0.0.1:0", "127.0.0.1", True),
        ("localhost:5000", "127.0.0.1", True),
        ("127.9.9.9:1", "127.9.9.9", True),
        ("[::1]:5000", "::1", True),
        ("0.0.0.0:80", "0.0.0.0", False),
        ("[::]:80", "::", False),
    ],
)
def test_an_address_knows_whether_others_reach_it(text: str, host: str, loopback: object) -> None:
    address = Address.parse(text)
    assert (address.host, address.is_loopback) == (host, loopback)
    assert Address.parse(str(address)) == address


def test_an_address_without_a_host_is_reached_over_both_kinds_of_ip(tmp_path: Path) -> None:
    with registry(tmp_path, "--insecure-http", "--anonymous", "pull", address=":0") as (_, address):
        port = address.rpartition(":")[2]
        kinds = ["127.0.0.1", "[::1]"] if socket.has_dualstack_ipv6() else ["127.0.0.1"]
        assert [ask(f"{host}:{port}", "GET", "/v2/")[0] for host in kinds] == [200] * len(kinds)


def test_a_port_is_held_once() -> None:
    with bind(Address("127.0.0.1", 0)) as holder:
        holder.listen()
        with pytest.raises(InvalidSettings, match="already in use"):
            bind(Address("127.0.0.1", holder.getsockname()[1]))


def test_without_granian_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "granian", None)
    with pytest.raises(MissingExtra, match=r"pip install 'boxship\[server\]'"):
        serve(Plan(address="127.0.0.1:0", folder=str(tmp_path / "registry")), announce=print)
    assert not (tmp_path / "registry").exists()
