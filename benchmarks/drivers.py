"""How the worker runs each kind of application: in process, so that no server's work is measured with it."""

from __future__ import annotations

import asyncio
import importlib
import io
import re
import socket
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Any

import sending

Run = Callable[[int, int], None]
"""Runs so many operations, numbered from the first argument on."""

THREADS = 8

endings: list[Callable[[], None]] = []
"""What the worker calls when it has been told to end."""


def prepare(name: str) -> Run:
    """Imports the application and answers with what runs it."""
    application = importlib.import_module(f"apps.{name}")
    for kind, driver in DRIVERS.items():
        if hasattr(application, kind):
            return driver(getattr(application, kind))
    raise LookupError(f"apps/{name}.py offers none of {', '.join(DRIVERS)}; see apps/__init__.py")


def calls(call: Callable[[int], None]) -> Run:
    def run(first: int, count: int) -> None:
        for number in range(first, first + count):
            call(number)

    return sending.in_tasks(run)


def coroutines(coroutine: Callable[[int], Awaitable[None]]) -> Run:
    loop = asyncio.new_event_loop()

    async def all_of(first: int, count: int) -> None:
        for number in range(first, first + count):
            await coroutine(number)

    return sending.in_tasks(lambda first, count: loop.run_until_complete(all_of(first, count)))


def wsgi(application: Callable[..., Any]) -> Run:
    """Calls the application as a server does: a fresh environ for each request, and the body read and closed."""

    def run(first: int, count: int) -> None:
        status = ""

        def start_response(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
            nonlocal status
            status = line
            return ignore

        for number in range(first, first + count):
            body = application(environ(number), start_response)
            for _ in body:
                pass
            if hasattr(body, "close"):
                body.close()
            expect(status == "200 OK", status)

    return run


def wsgi_in_threads(application: Callable[..., Any]) -> Run:
    """The same from so many threads at once, which live as long as the process, as those of a server do."""
    one, pool = wsgi(application), ThreadPoolExecutor(THREADS)

    def run(first: int, count: int) -> None:
        shares = [(first + count * part // THREADS, first + count * (part + 1) // THREADS) for part in range(THREADS)]
        for done in [pool.submit(one, begin, end - begin) for begin, end in shares]:
            done.result()

    return run


def environ(number: int) -> dict[str, Any]:
    """A request as gunicorn would hand it over; path and port differ from one request to the next, as in life."""
    path = f"/hello/{number % 10_000}"
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "RAW_URI": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "gunicorn/23.0.0",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": str(32_768 + number % 20_000),
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0",
        "HTTP_ACCEPT": "text/html,application/json;q=0.9,*/*;q=0.8",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def asgi(application: Callable[..., Awaitable[None]]) -> Run:
    """Calls the application as uvicorn does: started by its lifespan, each request in a task of its own."""
    loop = asyncio.new_event_loop()
    lifespan = Lifespan(application, loop)
    loop.run_until_complete(lifespan.start())
    endings.append(lambda: loop.run_until_complete(lifespan.stop()))

    async def all_of(first: int, count: int) -> None:
        for number in range(first, first + count):
            await loop.create_task(exchange(application, number))

    return lambda first, count: loop.run_until_complete(all_of(first, count))


async def exchange(application: Callable[..., Awaitable[None]], number: int) -> None:
    status = 0
    unread = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return unread.pop() if unread else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]

    await application(scope(number), receive, send)
    expect(status == 200, status)


def scope(number: int) -> dict[str, Any]:
    """A request as uvicorn would hand it over; path and port differ from one request to the next, as in life."""
    path = f"/hello/{number % 10_000}"
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 32_768 + number % 20_000),
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0"),
            (b"accept", b"text/html,application/json;q=0.9,*/*;q=0.8"),
            (b"accept-encoding", b"gzip, deflate"),
        ],
        "state": {},
    }


class Lifespan:
    """The lifespan of an ASGI application, which a server starts before the first request and ends after the last."""

    def __init__(self, application: Callable[..., Awaitable[None]], loop: asyncio.AbstractEventLoop) -> None:
        self.application = application
        self.loop = loop
        self.orders: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.answers: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def start(self) -> None:
        self.task = self.loop.create_task(self.live())
        await self.say("startup")

    async def live(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        await self.application(scope, self.orders.get, self.answers.put)

    async def stop(self) -> None:
        await self.say("shutdown")
        await self.task

    async def say(self, order: str) -> None:
        self.orders.put_nowait({"type": f"lifespan.{order}"})
        answer = (await self.answers.get())["type"]
        expect(answer == f"lifespan.{order}.complete", answer)


def server(serving: Callable[[socket.socket], AbstractAsyncContextManager[None]]) -> Run:
    """Asks the framework's own server over one kept connection: for frameworks that only their own server can call.

    Both ends run in this process, on one event loop. The client's is a few lines that no contender follows, and costs
    all of them the same, so that it is no part of what a contender adds.
    """
    loop = asyncio.new_event_loop()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    served = serving(listening)
    loop.run_until_complete(served.__aenter__())
    transport, client = loop.run_until_complete(loop.create_connection(Client, *listening.getsockname()))

    def end() -> None:
        transport.close()
        loop.run_until_complete(served.__aexit__(None, None, None))

    async def all_of(first: int, count: int) -> None:
        for number in range(first, first + count):
            head = await client.ask(number)
            expect(head.startswith(b"HTTP/1.1 200 "), head)

    endings.append(end)
    return lambda first, count: loop.run_until_complete(all_of(first, count))


class Client(asyncio.Protocol):
    """Asks one question after the other, and answers with the head of what comes back."""

    REQUEST = (
        b"GET /hello/%d HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n"
        b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0\r\n"
        b"Accept: text/html,application/json;q=0.9,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate\r\n\r\n"
    )
    LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, number: int) -> asyncio.Future[bytes]:
        self.unread, self.answer = b"", asyncio.get_running_loop().create_future()
        self.transport.write(self.REQUEST % (number % 10_000))
        return self.answer

    def data_received(self, data: bytes) -> None:
        self.unread += data
        head, ended, body = self.unread.partition(b"\r\n\r\n")
        length = self.LENGTH.search(head)
        if ended and length and len(body) >= int(length[1]):
            self.answer.set_result(head)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_exception(error or ConnectionError("the server has closed the connection"))


DRIVERS: dict[str, Callable[[Any], Run]] = {
    "wsgi": wsgi,
    "wsgi_in_threads": wsgi_in_threads,
    "asgi": asgi,
    "server": server,
    "call": calls,
    "coroutine": coroutines,
}


def ignore(data: bytes) -> None:
    pass


def expect(truth: bool, found: object) -> None:
    if not truth:
        raise RuntimeError(f"the application answered {found!r}; a benchmark of failures measures nothing")
