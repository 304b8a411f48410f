"""clew-quart passes the contract of a web framework, on uvicorn."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import quart

import clew
import clew_logging
from clew.testing.contracts.http_server import HttpServerContract, endless, errands, inner
from clew.testing.serving import uvicorn_serves
from clew_quart import plugin

logger = logging.getLogger("shop")


def make_app() -> Any:
    app = quart.Quart("shop")
    nested = quart.Blueprint("nested", "nested", url_prefix="/nested")

    @app.get("/items/<int:number>")
    async def item(number: int) -> str:
        return clew.current_request_id()

    @nested.get("/items/<int:number>")
    async def nested_item(number: int) -> str:
        return "nested"

    @app.get("/status/<int:code>")
    async def status(code: int) -> Any:
        return "", code

    @app.get("/raise/<int:code>")
    async def abort(code: int) -> Any:
        quart.abort(code)

    @app.get("/boom")
    async def boom() -> str:
        return str(1 / 0)

    @app.get("/stream")
    async def stream() -> Any:
        return steps([b"chunk"] * 5)

    @app.get("/endless")
    async def without_end() -> Any:
        return steps(endless())

    @app.get("/background/<int:code>")
    async def background(code: int) -> Any:
        app.add_background_task(errands.run)
        return "", code

    @app.get("/inner")
    async def within() -> str:
        inner()
        return ""

    @app.get("/log")
    async def log() -> str:
        logger.info("hello")
        return ""

    @app.websocket("/socket/<int:number>")
    async def echo(number: int) -> None:
        while True:
            await quart.websocket.send(await quart.websocket.receive())

    @app.before_request
    async def early() -> Any:
        return clew.current_request_id() if quart.request.path == "/early" else None

    @app.errorhandler(500)
    async def failed(error: Exception) -> Any:
        logger.error("failed")
        return "failed", 500

    app.register_blueprint(nested)
    return app


async def steps(chunks: Any) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


class TestQuart(HttpServerContract):
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = "/items/<int:number>"
    nested = ("/nested/items/7", "/nested/items/<int:number>")
    patched = [(quart.Quart, "__call__"), (quart.Quart, "full_dispatch_request")]
    socket = "/socket/<int:number>"
    background = True

    def serve(self) -> Any:
        return uvicorn_serves(make_app())
