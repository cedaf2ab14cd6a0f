"""`python -m torture.between PORT`: a TCP proxy on a port of its own to 127.0.0.1:PORT, that takes its time.

It says its port on a line; each line that it reads is a delay in seconds, of each direction, from then on. It ends with its input.
"""

import asyncio
import subprocess
import sys
from contextlib import suppress

from tests import servers

HOST = servers.Server.host


class Between:
    """That proxy in a process of its own, at `port`, for a `with` block."""

    def __init__(self, port: int):
        command = [sys.executable, "-m", "torture.between", str(port)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, cwd=servers.PROJECT, text=True, **pipes)  # noqa: S603 our own command
        self.port = int(self.process.stdout.readline())

    def delay(self, seconds: float) -> None:
        """From now on each direction takes that much longer."""
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class _Proxy:
    def __init__(self, port: int):
        self.port, self.delay = port, 0.0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward = await asyncio.open_connection(HOST, self.port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._pass_on(reader, onward[1]), self._pass_on(onward[0], writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What is read is written when its time has come, and its end too; reading goes on meanwhile."""
        waiting = asyncio.Queue()
        sender = asyncio.create_task(self._send(waiting, writer))
        with suppress(OSError):
            while some := await reader.read(65536):
                waiting.put_nowait((asyncio.get_running_loop().time() + self.delay, some))
        waiting.put_nowait((asyncio.get_running_loop().time() + self.delay, b""))
        await sender

    async def _send(self, waiting: asyncio.Queue, writer: asyncio.StreamWriter) -> None:
        while True:
            due, some = await waiting.get()
            await asyncio.sleep(max(0, due - asyncio.get_running_loop().time()))
            if not some:
                return writer.close()
            with suppress(OSError):
                writer.write(some)
                await writer.drain()


async def main(port: int) -> None:
    proxy = _Proxy(port)
    server = await asyncio.start_server(proxy.accept, HOST, 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        proxy.delay = float(line)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
