"""clew-litestar passes the contract of a web framework, on uvicorn."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import litestar
from litestar import Litestar, MediaType, Request, Response, Router, WebSocket, get, websocket
from litestar.background_tasks import BackgroundTask
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.response import Stream

import clew
import clew_logging
from clew.testing.contracts.http_server import HttpServerContract, endless, errands, inner
from clew.testing.serving import uvicorn_serves
from clew_litestar import plugin

logger = logging.getLogger("shop")


@get("/items/{number:int}", media_type=MediaType.TEXT, sync_to_thread=False)
def item(number: int) -> str:
    return clew.current_request_id()


@get("/status/{code:int}")
async def status(code: int) -> Response[Any]:
    return Response(None, status_code=code)


@get("/raise/{code:int}")
async def abort(code: int) -> None:
    raise {404: NotFoundException, 403: PermissionDeniedException}[code]()


@get("/boom")
async def boom() -> str:
    return str(1 / 0)


@get("/stream")
async def stream() -> Stream:
    return Stream(steps([b"chunk"] * 5))


@get("/endless")
async def without_end() -> Stream:
    return Stream(steps(endless()))


@get("/background/{code:int}")
async def background(code: int) -> Response[Any]:
    return Response(None, status_code=code, background=BackgroundTask(errands.run))


@get("/inner")
async def within() -> None:
    inner()


@get("/log")
async def log() -> None:
    logger.info("hello")


@websocket("/socket/{number:int}")
async def echo(socket: WebSocket[Any, Any, Any], number: int) -> None:
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())


async def steps(chunks: Any) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def early(application: Any) -> Any:
    """The outermost middleware."""

    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path") != "/early":
            await application(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": clew.current_request_id().encode()})

    return middleware


def failed(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    logger.error("failed")
    return Response("failed", status_code=500)


def make_app() -> Any:
    nested = Router("/nested", route_handlers=[item])
    handlers = [item, status, abort, boom, stream, without_end, background, within, log, echo, nested]
    app = Litestar(handlers, exception_handlers={ZeroDivisionError: failed})
    # Its own middlewares stand behind the routing; this one stands before.
    app.asgi_handler = early(app.asgi_handler)
    return app


class TestLitestar(HttpServerContract):
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    nested = ("/nested/items/7", "/nested/items/{number}")
    patched = [(litestar.Litestar, "__call__"), (ASGIConnection, "__init__")]
    socket = "/socket/{number}"
    background = True

    def serve(self) -> Any:
        return uvicorn_serves(make_app())
