"""What goes over a connection that is in hand, while what is known of its site changes."""

from __future__ import annotations

import pytest

from boxship.auth.finder import Finder
from boxship.connect.address import Address
from boxship.connect.connector import Connector
from boxship.connect.contexts import Contexts
from boxship.connect.deadline import Bounds, Work
from boxship.connect.resolve import Resolver
from boxship.connect.verdict import Line
from boxship.credential import Credential
from boxship.reference import Registry
from boxship.settings.access import Access
from boxship.settings.hosts import Flags, Scheme, Site, site_of
from boxship.settings.sourced import Sourced
from boxship.settings.trust import Trust
from boxship.testing import ScriptedRegistry, Server, serving, tls
from boxship.transport.ask import Ask
from boxship.transport.session import Session
from boxship.wire.message import Request
from tests.transport.reaching import Authority

GOOD = ScriptedRegistry()


class Overtaken(Connector):
    """While a plain line is handed over, another thread finds that the site speaks TLS."""

    def line(self, site: Site, work: Work) -> Line:
        line = super().line(site, work)
        if not line.verdict.tls:
            assert self.secure(site, Work(), "what another thread sends").tls
        return line


@pytest.mark.parametrize(
    "request_", [Request("GET", "/v2/", {"X-Key": "s3cret"}), Request("POST", "/v2/", body=b"s3cret")], ids=str
)
def test_a_secret_does_not_go_over_a_plain_connection_of_before_tls_was_found(
    request_: Request, authority: Authority
) -> None:
    with tls(GOOD, authority.server("reg.test"), delay=0.8) as secure, serving(GOOD) as plain:
        connector = Overtaken(
            Resolver({("reg.test", 443): _at(secure), ("reg.test", 80): _at(plain)}), Contexts(), Bounds()
        )
        session = Session(
            connector, Bounds(), Finder(Access(credential=Credential.anonymous(source="the test")), Bounds())
        )
        trust = Trust.of({}, ca_files=(str(authority.file),))
        site = site_of(Registry.parse("reg.test"), Flags(plain_http=Sourced(Scheme.AUTO, "the test"), trust=trust))
        try:
            session.send(Ask(request_, site, Work())).close()
        finally:
            session.close()
        assert [request.path for request in plain.requests] == ["/v2/"]  # the question of the race
        assert [request.method for request in secure.requests] == [request_.method]


def _at(server: Server) -> tuple[Address, ...]:
    return (Address.of(server.host, server.port),)
