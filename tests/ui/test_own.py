"""The registry that the page stands beside is asked where it listens, and by no other way."""

from __future__ import annotations

import pytest

from boxship.connect.deadline import Work, current_work
from boxship.credential import Credential, Secret
from boxship.errors import Cancelled, ConnectFailed, TimedOut
from boxship.server.access.rights import NOBODY, Caller, Right
from boxship.server.asgi import Scope
from boxship.server.page import House
from boxship.server.running.address import Address
from boxship.testing import ScriptedRegistry, serving
from boxship.ui.engine import Asker
from boxship.ui.own import OwnRegistry

NOWHERE = "192.0.2.1"  # RFC 5737: nobody's


async def admits(_right: Right, _repository: str, _scope: Scope) -> Caller:
    return NOBODY


def test_no_proxy_of_the_environment_gets_a_readers_password(monkeypatch: pytest.MonkeyPatch) -> None:
    credential = Credential.password("alice", Secret("secret"), source="a test")
    house = House(address=Address(NOWHERE, 5000), certificate="", denied=frozenset, admits=admits)
    with serving(ScriptedRegistry()) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        own = OwnRegistry(house, "")
        token = current_work.set(Work(timeout=2))
        try:
            asker = Asker("key", "alice", credential)
            with own.client(asker) as client, pytest.raises((ConnectFailed, TimedOut)) as caught:
                client.ping(own.registry)
        finally:
            current_work.reset(token)
            own.close()
        assert proxy.requests == ()
    assert isinstance(caught.value, ConnectFailed | TimedOut)
    assert any(f"{NOWHERE}:5000" in line for line in caught.value.evidence)


def test_a_closed_one_asks_nothing_more() -> None:
    with serving(ScriptedRegistry()) as server:
        house = House(address=Address(server.host, server.port), certificate="", denied=frozenset, admits=admits)
        own = OwnRegistry(house, "")
        with own.client(Asker()) as client:
            assert client.ping(own.registry).status == 200
            asked = len(server.requests)
            own.close()
            with pytest.raises(Cancelled):
                client.ping(own.registry)
        assert len(server.requests) == asked
