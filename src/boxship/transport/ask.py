"""What is asked of a session: a request, and what it is part of."""

from __future__ import annotations

__all__ = ["Ask"]

from boxship.auth.scope import Scope
from boxship.connect.deadline import DOCUMENT_ALL, Work
from boxship.settings.hosts import Site
from boxship.transport.kind import Kind
from boxship.value import dataclass, replace
from boxship.wire.message import Request


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to a site as part of an operation, its scopes, and what kind of thing it asks for."""

    request: Request
    site: Site
    work: Work
    scopes: tuple[Scope, ...] = ()
    kind: Kind = Kind.DOCUMENT
    fresh: bool = False
    """Whether it needs a new connection: those at rest may have died with the one that it replaces."""
    patient: bool = True
    """Whether it is asked again after an answer that asks for patience; where there is another to ask, it is not."""

    def to(self, request: Request, site: Site) -> Ask:
        """The same on its way: after a redirect, or with a credential."""
        return replace(self, request=request, site=site)

    def within(self, seconds: float) -> Ask:
        """The same, to be done in so many seconds."""
        work = self.work.within(seconds, DOCUMENT_ALL)
        # Half of what `replace` takes.
        return Ask(self.request, self.site, work, self.scopes, self.kind, self.fresh, self.patient)
