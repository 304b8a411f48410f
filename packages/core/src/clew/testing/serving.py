"""Serves an ASGI application on uvicorn, on a free port of 127.0.0.1, in a thread of the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


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
