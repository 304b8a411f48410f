"""clew-aiohttp passes the contract of a web framework, on aiohttp's own server."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

import clew
import clew_logging
from clew.testing.contracts.http_server import HttpServerContract, endless, inner
from clew_aiohttp import plugin

logger = logging.getLogger("shop")


async def item(request: web.Request) -> web.Response:
    return web.Response(text=clew.current_request_id())


async def status(request: web.Request) -> web.Response:
    return web.Response(status=int(request.match_info["code"]))


async def abort(request: web.Request) -> web.Response:
    raise {404: web.HTTPNotFound, 403: web.HTTPForbidden}[int(request.match_info["code"])]


async def boom(request: web.Request) -> web.Response:
    try:
        return web.Response(text=str(1 / 0))
    except ZeroDivisionError:
        logger.error("failed")
        raise


def streaming(chunks: Any) -> Any:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for chunk in chunks():
            await response.write(chunk)
        return response

    return stream


async def within(request: web.Request) -> web.Response:
    inner()
    return web.Response()


async def log(request: web.Request) -> web.Response:
    logger.info("hello")
    return web.Response()


async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


@web.middleware
async def early(request: web.Request, handler: Any) -> Any:
    if request.path == "/early":
        return web.Response(text=clew.current_request_id())
    return await handler(request)


def make_app() -> web.Application:
    nested = web.Application()
    nested.router.add_get("/items/{number}", item)
    app = web.Application(middlewares=[early])
    app.router.add_get("/items/{number}", item)
    app.router.add_get("/status/{code}", status)
    app.router.add_get("/raise/{code}", abort)
    app.router.add_get("/boom", boom)
    app.router.add_get("/stream", streaming(lambda: [b"chunk"] * 5))
    app.router.add_get("/endless", streaming(endless))
    app.router.add_get("/inner", within)
    app.router.add_get("/log", log)
    app.router.add_get("/socket/{number}", echo)
    app.add_subapp("/nested", nested)
    return app


@contextmanager
def served(app: web.Application) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app, access_log=None)

    async def begin() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return int(runner.addresses[0][1])

    port = loop.run_until_complete(begin())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class TestAiohttpServer(HttpServerContract):
    instrumentor_class = "AioHttpServerInstrumentor"
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    nested = ("/nested/items/7", "/nested/items/{number}")
    patched = [(RequestHandler, "_handle_request"), (web.StreamResponse, "_start")]
    socket = "/socket/{number}"
    hands_on_everything = False

    def serve(self) -> Any:
        return served(make_app())
