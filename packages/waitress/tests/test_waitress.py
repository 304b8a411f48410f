"""clew-waitress passes the contract of a server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from waitress.server import BaseWSGIServer, create_server

import clew_logging
from clew.testing.applications import by_wsgi
from clew.testing.contracts.http_server import HttpServerContract
from clew_waitress import plugin


@contextmanager
def served(application: Any) -> Iterator[int]:
    server = create_server(application, host="127.0.0.1", port=0, asyncore_loop_timeout=0.01)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        server.trigger.pull_trigger(server.close)
        thread.join()


class TestWaitress(HttpServerContract):
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = None
    has_middleware = raises = has_error_page = hands_on_everything = False
    patched = [(BaseWSGIServer, "application")]

    def serve(self) -> Any:
        return served(by_wsgi)
