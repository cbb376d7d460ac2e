"""A road with accidents, as a process of its own: `python -m soak.road HOST:PORT SEED` prints its port.

TCP is passed on; some connections are reset, cut or stalled after some bytes, or are slow. What comes after an accident
reaches nobody.
"""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import dataclass

_PIECE = 16 * 1024
_SPARED = 0.6  # of all connections
_BYTES = (2.0, 5.5)  # powers of ten: bytes that come before an accident
_STALL = (0.5, 3.0)  # seconds, after which the connection is reset
_SLOW = 0.02  # seconds for a piece
_KINDS = ("reset", "cut", "stall", "slow")


class _Accident(Exception):
    """It ends here."""


@dataclass(slots=True)
class _Fate:
    """What becomes of a connection: `kind`, after so many bytes in both directions."""

    kind: str
    left: int

    async def meet(self, size: int, chance: random.Random) -> None:
        """Let so many bytes through, or raise."""
        self.left -= size
        if self.left > 0 or not self.kind:
            return
        if self.kind == "slow":
            await asyncio.sleep(_SLOW)
            return
        if self.kind == "stall":
            await asyncio.sleep(chance.uniform(*_STALL))
        raise _Accident


class _Road:
    def __init__(self, host: str, port: int, seed: int) -> None:
        self._host, self._port = host, port
        self._chance = random.Random(seed)
        self._under_way = set[asyncio.Task[None]]()  # nobody else holds them

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry another connection."""
        task = asyncio.create_task(self._carry(reader, writer))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its beginning to its end."""
        chance = self._chance
        kind = "" if chance.random() < _SPARED else chance.choice(_KINDS)
        fate = _Fate(kind, int(10 ** chance.uniform(*_BYTES)))
        try:
            there, onward = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.transport.abort()
            return
        ways = [
            asyncio.create_task(self._pass(reader, onward, fate)),
            asyncio.create_task(self._pass(there, writer, fate)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
        for way in ways:
            way.cancel()
        outcomes = await asyncio.gather(*ways, return_exceptions=True)
        gentle = fate.kind == "cut" or not any(outcomes)
        for end in (writer, onward):
            end.close() if gentle else end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: _Fate) -> None:
        while piece := await reader.read(_PIECE):
            await fate.meet(len(piece), self._chance)
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def main(where: str, seed: str) -> None:
    host, _, port = where.rpartition(":")
    road = _Road(host, int(port), int(seed))
    server = await asyncio.start_server(road.take, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
