"""A way to PostgreSQL that breaks: it cuts a connection at a chosen commit, before or after the server heard it."""

import asyncio
import contextlib
import mmap
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_LIMIT = 1 << 16


@dataclass
class Cut:
    """Cut at the ``commit``-th COMMIT that passes: ``heard`` by the server, its answer lost; or never sent on."""

    commit: int
    heard: bool
    seen: int = field(default=0, init=False)

    def falls_on(self, data: bytes) -> bool:
        """Whether ``data`` carries the commit that is to be cut; counts as it goes."""
        self.seen += data.count(b"COMMIT\x00")
        if self.seen < self.commit or b"COMMIT\x00" not in data:
            return False
        self.commit = 1 << 60
        return True


@contextmanager
def through(server: str, cut: Cut) -> Iterator[tuple[int, Callable[[], bool]]]:
    """Serve a way to the server whose socket lies in ``server``, in a process of its own.

    Yields its port, and a way to ask whether the cut has been made.
    """
    made = mmap.mmap(-1, 1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        proxy = os.fork()
        if proxy == 0:
            try:
                asyncio.run(_serve(listening, f"{server}/.s.PGSQL.5432", cut, made))
            finally:
                os._exit(0)
        try:
            yield port, lambda: made[0] == 1
        finally:
            os.kill(proxy, signal.SIGKILL)
            os.waitpid(proxy, 0)


async def _serve(listening: socket.socket, path: str, cut: Cut, made: mmap.mmap) -> None:
    async def connected(client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        answers, server = await asyncio.open_unix_connection(path)
        relayed = asyncio.create_task(_relay(answers, back))
        try:
            while data := await client.read(_LIMIT):
                if cut.falls_on(data):
                    made[0] = 1
                    await _break(data, cut, server, relayed)
                    break
                server.write(data)
                await server.drain()
        finally:
            relayed.cancel()
            back.transport.abort()
            server.transport.abort()

    async with await asyncio.start_server(connected, sock=listening) as serving:
        await serving.serve_forever()


async def _break(data: bytes, cut: Cut, server: asyncio.StreamWriter, relayed: asyncio.Task[None]) -> None:
    """Stop answering first, then let the server commit or not; it needs a moment to do so."""
    relayed.cancel()
    if cut.heard:
        server.write(data)
        await server.drain()
        await asyncio.sleep(0.05)


async def _relay(answers: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await answers.read(_LIMIT):
            back.write(data)
            await back.drain()
    back.close()
