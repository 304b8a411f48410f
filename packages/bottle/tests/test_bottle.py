"""clew-bottle passes the contract of a web framework, on wsgiref."""

import logging
import sys
from typing import Any

import bottle

import clew
import clew_logging
from clew.testing.contracts.http_server import HttpServerContract, endless, inner
from clew.testing.recording import enabled
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


def test_an_environment_made_by_hand_may_have_next_to_nothing(caplog: Any) -> None:
    """As in tests of an application; three mistakes of ours in a minute would switch the plugin off."""
    told: list[str] = []
    with enabled(plugin) as record:
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/log", "wsgi.errors": sys.stderr}
        make_app()(environ, lambda status, headers, *_: told.append(status)).close()
    assert told == ["200 OK"]
    assert [span.name for span in record.spans()] == ["GET /log"]
    assert [entry for entry in caplog.records if entry.name == "clew"] == []


def test_a_router_that_the_application_uses_by_itself_may_hold_anything(caplog: Any) -> None:
    router = bottle.Router()
    with enabled(plugin):
        router.add("/items/<number:int>", "GET", "a target")
        assert router.match({"REQUEST_METHOD": "GET", "PATH_INFO": "/items/7"}) == ("a target", {"number": 7})
    assert [entry for entry in caplog.records if entry.name == "clew"] == []
