"""clew-falcon passes the contract of a web framework, by WSGI on wsgiref, by ASGI on uvicorn."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import falcon
import falcon.asgi

import clew
import clew_logging
from clew.testing.contracts.http_server import HttpServerContract, endless, inner
from clew.testing.serving import uvicorn_serves, wsgi_serves
from clew_falcon import plugin

logger = logging.getLogger("shop")


def item(response: Any, number: int) -> None:
    response.text = clew.current_request_id()


def status(response: Any, code: int) -> None:
    response.status = code


def abort(response: Any, code: int) -> None:
    raise {404: falcon.HTTPNotFound, 403: falcon.HTTPForbidden}[code]


def boom(response: Any) -> None:
    response.text = str(1 / 0)


def stream(response: Any) -> None:
    response.stream = iter([b"chunk"] * 5)


def without_end(response: Any) -> None:
    response.stream = endless()


def within(response: Any) -> None:
    inner()


def log(response: Any) -> None:
    logger.info("hello")


ROUTES = {
    "/items/{number:int}": item,
    "/status/{code:int}": status,
    "/raise/{code:int}": abort,
    "/boom": boom,
    "/stream": stream,
    "/endless": without_end,
    "/inner": within,
    "/log": log,
}


class Resource:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def on_get(self, request: Any, response: Any, **params: Any) -> None:
        self.answer(response, **params)


class Early:
    """The first middleware."""

    def process_request(self, request: Any, response: Any) -> None:
        if request.path == "/early":
            response.text = clew.current_request_id()
            response.complete = True


class AsyncResource(Resource):
    async def on_get(self, request: Any, response: Any, **params: Any) -> None:  # type: ignore[override]
        self.answer(response, **params)
        if response.stream is not None:
            response.stream = steps(response.stream)

    async def on_websocket(self, request: Any, socket: Any, **params: Any) -> None:
        await socket.accept()
        while True:
            await socket.send_text(await socket.receive_text())


class AsyncEarly(Early):
    async def process_request(self, request: Any, response: Any) -> None:  # type: ignore[override]
        super().process_request(request, response)


async def steps(chunks: Any) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def failed(request: Any, response: Any, error: Exception, params: Any) -> None:
    logger.error("failed")
    response.status = 500


async def failed_async(request: Any, response: Any, error: Exception, params: Any) -> None:
    failed(request, response, error, params)


class TestFalcon(HttpServerContract):
    asked = {"request_hook": 1, "response_hook": 2}
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = "/items/{number:int}"
    patched: list[tuple[Any, str]] = [(falcon.App, "__call__"), (falcon.App, "_handle_exception")]

    def serve(self) -> Any:
        app = falcon.App(middleware=[Early()])
        for template, answer in ROUTES.items():
            app.add_route(template, Resource(answer))
        app.add_error_handler(ZeroDivisionError, failed)
        return wsgi_serves(app)


class TestFalconByAsgi(TestFalcon):
    patched = [(falcon.asgi.App, "__call__"), (falcon.asgi.App, "_handle_exception")]
    socket = "/socket/{number:int}"

    def serve(self) -> Any:
        app = falcon.asgi.App(middleware=[AsyncEarly()])
        for template, answer in ROUTES.items():
            app.add_route(template, AsyncResource(answer))
        app.add_route("/socket/{number:int}", AsyncResource(None))
        app.add_error_handler(ZeroDivisionError, failed_async)
        return uvicorn_serves(app)
