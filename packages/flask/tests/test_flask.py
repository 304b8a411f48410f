"""clew-flask passes the contract of a web framework, on werkzeug's real server."""

import logging
from typing import Any

import flask
from werkzeug.serving import make_server

import clew
import clew_logging
import clew_werkzeug
from clew.testing.contracts.http_server import HttpServerContract, endless, inner
from clew.testing.serving import serving
from clew_flask import plugin

logger = logging.getLogger("shop")


def make_app() -> flask.Flask:
    app = flask.Flask("shop")
    nested = flask.Blueprint("nested", "nested", url_prefix="/nested")

    @app.get("/items/<int:number>")
    def item(number: int) -> str:
        return clew.current_request_id()

    @nested.get("/items/<int:number>")
    def nested_item(number: int) -> str:
        return "nested"

    @app.get("/status/<int:code>")
    def status(code: int) -> Any:
        return "", code

    @app.get("/raise/<int:code>")
    def abort(code: int) -> Any:
        flask.abort(code)

    @app.get("/boom")
    def boom() -> str:
        return str(1 / 0)

    @app.get("/stream")
    def stream() -> Any:
        return flask.Response(b"chunk" for _ in range(5))

    @app.get("/endless")
    def without_end() -> Any:
        return flask.Response(endless())

    @app.get("/inner")
    def within() -> str:
        inner()
        return ""

    @app.get("/log")
    def log() -> str:
        logger.info("hello")
        return ""

    @app.errorhandler(500)
    def failed(error: Exception) -> Any:
        logger.error("failed")
        return "failed", 500

    app.register_blueprint(nested)
    app.wsgi_app = early(app.wsgi_app)  # type: ignore[method-assign]
    return app


def early(application: Any) -> Any:
    """The outermost middleware."""

    def middleware(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/early":
            return application(environ, start_response)
        start_response("200 OK", [])
        return [clew.current_request_id().encode()]

    return middleware


def served(app: Any) -> Any:
    return serving(make_server("127.0.0.1", 0, app, threaded=True))


class TestFlask(HttpServerContract):
    asked = {"request_hook": 1, "response_hook": 2}
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = "/items/<int:number>"
    nested = ("/nested/items/7", "/nested/items/<int:number>")
    patched = [(flask.Flask, "__call__"), (flask.Flask, "full_dispatch_request")]

    def serve(self) -> Any:
        return served(make_app())


class TestFlaskWithinItsServer(TestFlask):
    """Whoever is outermost opens the span; whoever is further in adds what they know."""

    plugins = [clew_werkzeug.plugin, plugin]
