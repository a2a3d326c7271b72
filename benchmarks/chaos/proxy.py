"""A line between a worker and its database that can be cut, held up and made slow."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

CHUNK_BYTES = 65_536


class Proxy:
    """Carries connections from a TCP port of this machine to a Unix socket, in a thread of its own.

    Args:
        target: The socket of the database's server.

    Attributes:
        port: Where to connect to.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._cut = False
        self._delay_s = 0.0
        self._flows = asyncio.Event()
        self._flows.set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Break all connections with a reset, and refuse new ones."""
        self._run(self._set(cut=True))

    def hang(self) -> None:
        """Keep all connections, take new ones, and carry nothing."""
        self._run(self._set(flows=False))

    def slow(self, delay_s: float) -> None:
        """Carry everything, each piece ``delay_s`` later."""
        self._run(self._set(delay_s=delay_s))

    def mend(self) -> None:
        """Be a good line again; what was held up is carried."""
        self._run(self._set())

    def close(self) -> None:
        """Break all connections and end."""
        self.cut()
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result()

    async def _set(self, *, cut: bool = False, flows: bool = True, delay_s: float = 0.0) -> None:
        self._cut, self._delay_s = cut, delay_s
        (self._flows.set if flows else self._flows.clear)()
        if cut:
            for writer in self._open:
                writer.transport.abort()

    async def _end(self) -> None:
        self._server.close()
        ours = asyncio.current_task()
        for task in asyncio.all_tasks():
            if task is not ours:
                task.cancel()
        await asyncio.sleep(0)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, back}
        pumps = [asyncio.create_task(self._pump(*ends)) for ends in ((reader, back), (there, writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            self._open -= {writer, back}
            writer.close()
            back.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                await asyncio.sleep(self._delay_s)
                await self._flows.wait()
                writer.write(chunk)
                await writer.drain()
