"""clew-wsgiref passes the contract of a server."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.handlers import BaseHandler
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import clew_logging
from clew.testing.applications import by_wsgi
from clew.testing.contracts.http_server import HttpServerContract
from clew_wsgiref import plugin


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass

    def get_stderr(self) -> Any:
        return io.StringIO()  # the handler writes the trace of an unhandled error there


@contextmanager
def served(application: Any) -> Iterator[int]:
    server = Server(("127.0.0.1", 0), Handler)
    server.set_app(application)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class TestWsgiref(HttpServerContract):
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = None
    has_middleware = raises = has_error_page = False
    patched = [(BaseHandler, "run")]

    def serve(self) -> Any:
        return served(by_wsgi)
