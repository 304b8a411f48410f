"""Serves an application on a free port of 127.0.0.1, in a thread of the test: ASGI on uvicorn, WSGI on wsgiref."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer


@contextmanager
def uvicorn_serves(application: Any, **options: Any) -> Iterator[int]:
    """Gives the port; the server is stopped at the end. The options are uvicorn's own."""
    import uvicorn

    # h11 hands on what httptools refuses: methods that nobody knows, control characters in headers.
    options = {"http": "h11", "lifespan": "off", **options}
    config = uvicorn.Config(application, "127.0.0.1", 0, log_config=None, **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    if not server.started:
        raise RuntimeError("uvicorn did not start")
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def wsgi_serves(application: Any) -> Iterator[int]:
    """Gives the port; the server is stopped at the end."""
    server = _Server(("127.0.0.1", 0), _QuietHandler)
    server.set_app(application)
    with serving(server) as port:
        yield port


@contextmanager
def serving(server: TCPServer) -> Iterator[int]:
    """The same for a server of the standard library's kind that is made already."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass

    def get_stderr(self) -> Any:
        return io.StringIO()  # the trace of an unhandled error is written there
