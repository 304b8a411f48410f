"""The server that the HTTP clients call: keeps connections, answers every request with the same few bytes.

Prints its port when it is ready; ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys
import threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + b'{"quantity": 7}'


class Connection(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.unread = b""

    def data_received(self, data: bytes) -> None:
        self.unread += data
        while (end := self.unread.find(b"\r\n\r\n")) >= 0:  # the clients send GET only, so a head is a request
            self.unread = self.unread[end + 4 :]
            self.transport.write(ANSWER)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    parent_gone = asyncio.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(parent_gone.set)), daemon=True).start()
    await parent_gone.wait()


if __name__ == "__main__":
    asyncio.run(main())
