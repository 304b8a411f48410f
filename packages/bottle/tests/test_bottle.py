"""clew-bottle passes the contract of a web framework, on wsgiref."""

import logging
from typing import Any

import bottle

import clew
import clew_logging
from clew.testing.contracts.http_server import HttpServerContract, endless, inner
from clew.testing.serving import wsgi_serves
from clew_bottle import plugin

logger = logging.getLogger("shop")


def make_app() -> Any:
    app, nested = bottle.Bottle(), bottle.Bottle()

    @nested.get("/items/<number:int>")
    @app.get("/items/<number:int>")
    def item(number: int) -> str:
        return clew.current_request_id()

    @app.get("/status/<code:int>")
    def status(code: int) -> Any:
        bottle.response.status = code

    @app.get("/raise/<code:int>")
    def abort(code: int) -> Any:
        bottle.abort(code)

    @app.get("/boom")
    def boom() -> str:
        return str(1 / 0)

    @app.get("/stream")
    def stream() -> Any:
        return iter([b"chunk"] * 5)

    @app.get("/endless")
    def without_end() -> Any:
        return endless()

    @app.get("/inner")
    def within() -> None:
        inner()

    @app.get("/log")
    def log() -> None:
        logger.info("hello")

    @app.hook("before_request")
    def early() -> None:
        if bottle.request.path == "/early":
            raise bottle.HTTPResponse(clew.current_request_id())

    @app.error(500)
    def failed(error: Any) -> str:
        logger.error("failed")
        return "failed"

    app.mount("/nested/", nested)
    return app


class TestBottle(HttpServerContract):
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = "/items/<number:int>"
    nested = ("/nested/items/7", "/nested/items/<number:int>")
    patched = [(bottle.Bottle, "__call__"), (bottle.Router, "match")]

    def serve(self) -> Any:
        return wsgi_serves(make_app())
