"""Closing while others are at work: nothing stays open, and nothing secret goes where it may not."""

from __future__ import annotations

import threading
import time

import pytest

from boxship.auth.finder import Finder
from boxship.connect.deadline import Bounds, Work
from boxship.credential import Credential, Secret
from boxship.errors import Cancelled
from boxship.settings.access import Access
from boxship.settings.headers import Header
from boxship.testing import Answer, Request, ScriptedRegistry, serving, tls
from boxship.transport.ask import Ask
from boxship.transport.session import Session
from boxship.wire import message
from tests.connect.driving import NAME, Certificates, connecting, nothing_left, site

REGISTRY = ScriptedRegistry()
THREADS = 12


def _challenging(request: Request) -> Answer:
    if "authorization" in request.headers:
        return REGISTRY(request)
    return Answer(401, headers={"WWW-Authenticate": 'Basic realm="r"'})


def _ask_on(session: Session) -> None:
    """Go on asking until the session is closed."""
    while True:
        try:
            with session.send(Ask(message.Request("GET", "/v2/"), site(NAME), Work())) as response:
                response.read(1000)
        except Cancelled:
            return


@pytest.mark.parametrize("own", [(), (Header("X-Own", Secret("mine")),)], ids=["a password", "a header, too"])
@pytest.mark.parametrize("after", [0.02, 0.1, 0.3])
def test_what_is_in_use_when_a_session_is_closed_is_closed(own: tuple[Header, ...], after: float) -> None:
    certificates = Certificates()
    credential = Credential.password("ana", Secret("s3cret"), source="the test")
    with (
        nothing_left(),
        tls(_challenging, certificates.good(), delay=0.15) as secure,
        serving(_challenging) as plain,
        connecting(certificates.client(), {443: secure, 80: plain}, bounds=Bounds()) as connector,
    ):
        session = Session(connector, Bounds(), Finder(Access(credential=credential), Bounds()), own)
        threads = [threading.Thread(target=_ask_on, args=(session,)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        time.sleep(after)
        session.close()
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)
        assert not any({"authorization", "x-own"} & request.headers.keys() for request in plain.requests)
