"""How the application lives: with a server's lifespan, without one, and when the folder cannot be had."""

from __future__ import annotations

import asyncio
from pathlib import Path

from boxship.server import create_app
from boxship.server.asgi import Message
from tests.server.content import push_image
from tests.server.driver import Driver


def test_it_opens_with_the_first_request_where_there_is_no_lifespan(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", lifespan=False) as registry:
        assert not registry.folder.exists()
        manifest = push_image(registry, "app", "v1")
        assert registry("GET", "/v2/app/manifests/v1").body == manifest


def test_first_requests_at_once_open_it_once(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", lifespan=False) as registry:

        async def ask_many() -> set[int]:
            return {reply.status for reply in await asyncio.gather(*(registry.ask("GET", "/v2/") for _ in range(20)))}

        assert registry.run(ask_many()) == {200}


def test_a_folder_that_cannot_be_had_stops_the_server(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told: list[Message] = []

    async def live() -> None:
        async def receive() -> Message:
            return {"type": "lifespan.startup"}

        async def send(message: Message) -> None:
            told.append(message)

        await create_app(tmp_path / "file")({"type": "lifespan"}, receive, send)

    asyncio.run(live())
    assert told[0]["type"] == "lifespan.startup.failed"
    assert "file" in told[0]["message"]


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    async def close_twice() -> None:
        app = create_app(tmp_path)
        await app.open()
        await app.close()
        await app.close()

    asyncio.run(close_twice())
