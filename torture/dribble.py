"""Clients that are slow, or silent, and never give up: what each does, and an event loop that holds hundreds of them."""

import asyncio
import contextlib
import resource
import socket
import threading
import time

from tests.service import HOST

PATIENCE = 60  # seconds for all to be connected
PAUSE = 1  # seconds between two drops of a slow client, and until one that was ended comes back
HEAD = f"Host: {HOST}\r\nContent-Type: application/json\r\n"
A_BODY_TO_COME = f"POST /api/login HTTP/1.1\r\n{HEAD}Content-Length: 1000\r\n\r\n"


async def headers(reader, writer):
    """A header a second, and never the last."""
    await _say(writer, f"GET /api/users/ HTTP/1.1\r\n{HEAD}")
    while await _hears_nothing(reader):
        await _say(writer, "X-Slow: yes\r\n")


async def bodies(reader, writer):
    """A byte of the body a second; it would take a quarter of an hour."""
    await _say(writer, A_BODY_TO_COME)
    while await _hears_nothing(reader):
        await _say(writer, " ")


async def silence(reader, writer):
    """Connects, and says nothing."""
    await reader.read()


async def idleness(reader, writer):
    """One request, and the connection is kept for another that never comes."""
    await _say(writer, f"GET /health/live HTTP/1.1\r\n{HEAD}\r\n")
    await reader.read()


async def half_a_body(reader, writer):
    """Half a request, of which no more will come: it has closed its side, and keeps the other open."""
    await _say(writer, A_BODY_TO_COME)
    writer.write_eof()
    await reader.read()
    await asyncio.sleep(5 * PAUSE)  # it comes back, but not as fast as it can: that would be a flood


def deafness(path: str):
    """Asks for `path`, and reads nothing of the answer."""

    async def behave(reader, writer):
        await _say(writer, f"GET {path} HTTP/1.1\r\n{HEAD}\r\n")
        while not writer.transport.is_closing():
            await asyncio.sleep(PAUSE)

    return behave


class Dribblers:
    """So many connections to a port, each doing what `behave` says, and again when the service has ended it; gone when the block ends.

    They come at once, or one by one within `seconds`. RuntimeError where they do not all come to be connected within PATIENCE.
    """

    def __init__(self, port: int, number: int, behave, seconds: float = 0):
        self.port, self.number, self.behave, self.seconds = port, number, behave, seconds
        self.held = 0  # connections at this moment
        self.ended = 0  # those that the service has ended
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        self._all = asyncio.run_coroutine_threadsafe(self._gather(), self._loop)
        deadline = time.monotonic() + PATIENCE
        while self.held + self.ended < self.number:
            if time.monotonic() > deadline:
                held = self.held
                self.__exit__()
                raise RuntimeError(f"Only {held} of {self.number} connections were made")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self._all.cancel()
        with contextlib.suppress(asyncio.CancelledError, TimeoutError):
            asyncio.run_coroutine_threadsafe(self._until_all_are_gone(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    async def _gather(self):
        await asyncio.gather(*(self._go_on(place / self.number) for place in range(self.number)))

    async def _until_all_are_gone(self):
        me = asyncio.current_task()
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task is not me), return_exceptions=True)

    async def _go_on(self, place: float):
        await asyncio.sleep(place * self.seconds)
        while True:
            with contextlib.suppress(OSError):
                await self._once()
                self.ended += 1
            await asyncio.sleep(PAUSE)

    async def _once(self):
        connection = socket.socket()
        connection.setblocking(False)
        # What is not read shall wait in the service: small segments keep loopback from taking it all into its buffers.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        try:
            await self._loop.sock_connect(connection, (HOST, self.port))
            reader, writer = await asyncio.open_connection(sock=connection, limit=1024)
        except BaseException:
            connection.close()
            raise
        self.held += 1
        try:
            await self.behave(reader, writer)
        finally:
            self.held -= 1
            writer.transport.abort()


def room_for(files: int) -> None:
    """RuntimeError where this process may not open that many files at once, as high as its limit can be set."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < files:
        raise RuntimeError(f"So many connections need {files} open files, and `ulimit -Hn` is {hard}")
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))


async def _say(writer, text: str):
    writer.write(text.encode())
    await writer.drain()


async def _hears_nothing(reader) -> bool:
    """For a PAUSE; False where the service has answered, or ended it."""
    try:
        await asyncio.wait_for(reader.read(1024), PAUSE)
    except TimeoutError:
        return True
    return False
