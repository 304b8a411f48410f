"""An aiohttp application with one route and no work in it, on the server of aiohttp: nothing else can call it."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


async def hello(request: web.Request) -> web.Response:
    return web.Response(text=f"Hello, {request.match_info['name']}!")


application = web.Application()
application.router.add_get("/hello/{name}", hello)


@asynccontextmanager
async def server(listening: socket.socket) -> AsyncIterator[None]:
    runner = web.AppRunner(application)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    yield
    await runner.cleanup()
