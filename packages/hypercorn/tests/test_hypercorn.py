"""clew-hypercorn passes the contract of a server, by ASGI and by WSGI."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypercorn.app_wrappers import ASGIWrapper, WSGIWrapper
from hypercorn.asyncio import serve
from hypercorn.config import Config

import clew_logging
from clew.testing.applications import by_asgi, by_wsgi
from clew.testing.contracts.http_server import HttpServerContract, ask, server_spans
from clew.testing.recording import enabled
from clew_hypercorn import plugin


@contextmanager
def served(application: Any) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.graceful_timeout = 0
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    serving = serve(application, config, shutdown_trigger=stop.wait)
    thread = threading.Thread(target=loop.run_until_complete, args=(serving,), daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        listener.detach()


class TestHypercorn(HttpServerContract):
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = None
    has_middleware = raises = has_error_page = False
    patched = [(ASGIWrapper, "app")]
    socket = ""

    def serve(self) -> Any:
        return served(by_asgi)


class TestHypercornByWsgi(TestHypercorn):
    patched = [(WSGIWrapper, "app")]
    socket = None

    def serve(self) -> Any:
        return served(by_wsgi)


def test_a_middleware_may_copy_the_scope_through_and_through() -> None:
    proxy_fix = pytest.importorskip("hypercorn.middleware.proxy_fix")
    with served(proxy_fix.ProxyFixMiddleware(by_asgi)) as port, enabled(plugin) as record:
        assert ask(port, "/items/7", **{"X-Request-ID": "order-1"}).body == b"order-1"
        server_spans(record, 1)
