"""A page beside the registry: which requests are its.

What the page shows it asks the registry for, as every client does, with the rights of whoever reads it. What it is made
of is no concern of the registry's: whoever runs one gives it a `Page`.
"""

from __future__ import annotations

__all__ = ["Beside", "is_of_page"]

from boxship.server.app import App, crowded
from boxship.server.asgi import Application, Receive, Scope, Send
from boxship.server.deliver import deliver
from boxship.server.throttle import Crowded

_ROOT = "/"
_BELOW = ("/page/", "/api/")


class Beside:
    """The registry `app` with a page: what is for neither path of the page is the registry's to answer."""

    def __init__(self, app: App, page: Application) -> None:
        self._app, self._page = app, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not is_of_page(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            with self._app.passing(scope):
                await self._page(scope, receive, send)
        except Crowded as error:
            await deliver(crowded(error), scope, receive, send)


def is_of_page(path: str) -> bool:
    """Whether the path is the page's. What registries answer to (`/v2/…`) never is."""
    return path == _ROOT or path.startswith(_BELOW)
