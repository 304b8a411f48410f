"""clew-tornado passes the contract of a web framework, on Tornado's own server."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket
import tornado.wsgi
from tornado.http1connection import HTTP1Connection

import clew
import clew_logging
from clew.testing.contracts.http_server import HttpServerContract, ask, endless, inner, server_spans
from clew.testing.recording import enabled
from clew_tornado import plugin

logger = logging.getLogger("shop")


class Handler(tornado.web.RequestHandler):
    def prepare(self) -> None:
        if self.request.path == "/early":
            self.finish(clew.current_request_id())

    def log_exception(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, ZeroDivisionError):
            logger.error("failed")


class Item(Handler):
    def get(self, number: str) -> None:
        self.write(clew.current_request_id())


class Status(Handler):
    async def get(self, code: str) -> None:
        self.set_status(int(code))


class Abort(Handler):
    async def get(self, code: str) -> None:
        raise tornado.web.HTTPError(int(code))


class Boom(Handler):
    async def get(self) -> None:
        self.write(str(1 / 0))


class Stream(Handler):
    def chunks(self) -> Any:
        return [b"chunk"] * 5

    async def get(self) -> None:
        for chunk in self.chunks():
            self.write(chunk)
            await self.flush()


class WithoutEnd(Stream):
    def chunks(self) -> Any:
        return endless()


class Within(Handler):
    async def get(self) -> None:
        inner()


class Log(Handler):
    async def get(self) -> None:
        logger.info("hello")


class Finished(Handler):
    async def get(self) -> None:
        raise tornado.web.Finish("done")


class Echo(tornado.websocket.WebSocketHandler):
    def on_message(self, message: Any) -> None:
        self.write_message(message)


def make_app() -> Any:
    return tornado.web.Application(
        [
            (r"/items/(?P<number>[0-9]+)", Item),
            (r"/status/([0-9]+)", Status),
            (r"/raise/([0-9]+)", Abort),
            (r"/boom", Boom),
            (r"/stream", Stream),
            (r"/endless", WithoutEnd),
            (r"/inner", Within),
            (r"/log", Log),
            (r"/early", Handler),
            (r"/finished", Finished),
            (r"/socket/(?:[0-9]+)", Echo),
        ],
        log_function=lambda handler: None,
    )


@contextmanager
def served(app: Any) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    (listener,) = tornado.netutil.bind_sockets(0, "127.0.0.1")
    servers: list[Any] = []

    async def begin() -> None:
        servers.append(tornado.httpserver.HTTPServer(app))
        servers[0].add_sockets([listener])

    async def end() -> None:
        servers[0].stop()
        await servers[0].close_all_connections()

    loop.run_until_complete(begin())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class TestTornado(HttpServerContract):
    asked = {"server_request_hook": 1}
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = "/items/<number>"
    patched = [(tornado.web.RequestHandler, "_execute"), (HTTP1Connection, "write_headers")]
    socket = "/socket/<>"
    hands_on_everything = False

    def serve(self) -> Any:
        return served(make_app())

    def test_the_first_middleware_is_within_the_request(self, record: Any, port: int) -> None:
        """Here it is `prepare`, behind the routing."""
        assert ask(port, "/early", **{"X-Request-ID": "order-1"}).body == b"order-1"
        assert server_spans(record, 1)[0].name == "GET /early"

    def test_a_handler_that_says_it_is_done_has_not_failed(self, record: Any, port: int) -> None:
        assert ask(port, "/finished").body == b"done"
        span = server_spans(record, 1)[0]
        assert (span.status.is_ok, list(span.events)) == (True, [])


def test_a_wsgi_application_in_tornado_is_no_mistake_of_ours(caplog: Any) -> None:
    """Its container has another way to write; three mistakes in a minute would switch the plugin off."""

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return [b"hello"]

    with enabled(plugin), served(tornado.wsgi.WSGIContainer(application)) as port:
        assert ask(port, "/").body == b"hello"
    assert [entry for entry in caplog.records if entry.name == "clew"] == []
