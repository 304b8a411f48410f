"""clew-sanic passes the contract of a web framework, on Sanic's own server."""

import asyncio
import itertools
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sanic
from sanic.application.constants import ServerStage
from sanic.application.state import ApplicationServerInfo
from sanic.exceptions import Forbidden, NotFound
from sanic.http.http1 import Http
from sanic.response import text
from sanic.server.protocols.http_protocol import HttpProtocol
from sanic.server.protocols.websocket_protocol import WebSocketProtocol
from servers.programs import eventually, free_ports
from servers.sink import Sink

import clew
import clew_logging
from clew.testing.contracts.http_server import HttpServerContract, ask, endless, errands, inner
from clew_sanic import plugin

logger = logging.getLogger("shop")
numbers = itertools.count()


def make_app() -> Any:
    app = sanic.Sanic(f"shop{next(numbers)}", configure_logging=False)
    nested = sanic.Blueprint("nested", url_prefix="/nested/<shop>")

    @app.get("/items/<number:int>")
    async def item(request: Any, number: int) -> Any:
        return text(clew.current_request_id())

    @nested.get("/items/<number:int>")
    async def nested_item(request: Any, shop: str, number: int) -> Any:
        return text("nested")

    @app.get("/status/<code:int>")
    async def status(request: Any, code: int) -> Any:
        return text("", code)

    @app.get("/raise/<code:int>")
    async def abort(request: Any, code: int) -> Any:
        raise {404: NotFound, 403: Forbidden}[code]("no")

    @app.get("/boom")
    async def boom(request: Any) -> Any:
        return text(str(1 / 0))

    @app.get("/stream")
    async def stream(request: Any) -> None:
        await _send(request, [b"chunk"] * 5)

    @app.get("/endless")
    async def without_end(request: Any) -> None:
        await _send(request, endless())

    @app.get("/background/<code:int>")
    async def background(request: Any, code: int) -> Any:
        app.add_task(errands.run() if code == 200 else errands.run)
        return text("", code)

    @app.get("/inner")
    async def within(request: Any) -> Any:
        inner()
        return text("")

    @app.get("/log")
    async def log(request: Any) -> Any:
        logger.info("hello")
        return text("")

    @app.websocket("/socket/<number:int>")
    async def echo(request: Any, socket: Any, number: int) -> None:
        async for message in socket:
            await socket.send(message)

    @app.on_request
    async def early(request: Any) -> Any:
        return text(clew.current_request_id()) if request.path == "/early" else None

    @app.exception(ZeroDivisionError)
    async def failed(request: Any, error: Exception) -> Any:
        logger.error("failed")
        return text("failed", 500)

    app.blueprint(nested)
    return app


async def _send(request: Any, chunks: Any) -> None:
    response = await request.respond()
    for chunk in chunks:
        await response.send(chunk)


@contextmanager
def served(app: Any) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    servers: list[Any] = []

    async def begin() -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        server = await app.create_server(sock=listener, protocol=WebSocketProtocol, access_log=False)
        await server.startup()
        await server.start_serving()
        # Only `run` says so, and only then tasks may be added.
        app.state.server_info.append(ApplicationServerInfo({}, ServerStage.SERVING, server))
        servers.append(server)
        return int(listener.getsockname()[1])

    async def end() -> None:
        servers[0].close()
        await servers[0].wait_closed()
        for connection in list(servers[0].connections):
            connection.close()

    port = loop.run_until_complete(begin())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


class TestSanic(HttpServerContract):
    tells_content = False
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = "/items/<number:int>"
    nested = ("/nested/main/items/7", "/nested/<shop:str>/items/<number:int>")
    patched: list[tuple[Any, str]] = [(HttpProtocol, "request_handler"), (Http, "respond")]
    socket = "/socket/<number:int>"
    background = True
    has_handshake_headers = hands_on_everything = False

    def serve(self) -> Any:
        return served(make_app())


def test_an_application_on_an_asgi_server_is_followed(tmp_path: Path) -> None:
    """In a process of its own: Sanic prepares its classes for one kind of server, and for no second one."""
    (tmp_path / "shop.py").write_text(APP)
    (port,) = free_ports(1)
    scripts = Path(sys.executable).parent
    command = [scripts / "clew", "run", scripts / "uvicorn", "--port", str(port), "shop:app"]
    with Sink() as sink:
        environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "PYTHONPATH": ""}
        server = subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.DEVNULL)
        try:
            assert eventually(lambda: answers(port))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
    assert {span.name for _, _, span in sink.spans} == {"GET /items/<number:int>"}


APP = """
import sanic
app = sanic.Sanic("shop")

@app.get("/items/<number:int>")
async def item(request, number):
    return sanic.response.text("item")
"""


def answers(port: int) -> bool:
    try:
        return ask(port, "/items/7").status == 200
    except OSError:
        return False
