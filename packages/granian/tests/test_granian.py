"""clew-granian passes the contract of a server: by ASGI inside the test's process, by WSGI as the command."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import granian.server.embed as embed
import pytest
from granian.server.embed import Server
from servers.programs import eventually, free_ports
from servers.sink import Sink

import clew_logging
from clew.testing.applications import by_asgi
from clew.testing.contracts.http_server import HttpServerContract, ask
from clew.testing.recording import enabled
from clew_granian import plugin


@contextmanager
def served(application: Any) -> Iterator[int]:
    (port,) = free_ports(1)
    loop = asyncio.new_event_loop()
    servers: list[Server] = []

    async def serve() -> None:
        servers.append(Server(application, port=port, interface="asginl", log_enabled=False))
        await servers[0].serve()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert eventually(lambda: answers(port))
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(servers[0].stop)
        thread.join()
        loop.close()


def answers(port: int) -> bool:
    try:
        return ask(port, "/items/7").status == 200
    except OSError:
        return False


class TestGranian(HttpServerContract):
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = None
    has_middleware = raises = has_error_page = hands_on_everything = has_handshake_headers = False
    patched = [(embed, "_asgi_call_wrap")]
    socket = ""

    @contextmanager
    def serve(self) -> Iterator[int]:
        # It takes its application once, when a worker begins: the plugin has to be there before.
        plugin.enable()
        with served(by_asgi) as port:
            plugin.disable()
            yield port


@pytest.mark.parametrize("interface", ["asgi", "wsgi"])
def test_the_workers_of_the_command_are_followed(tmp_path: Path, interface: str) -> None:
    (port,) = free_ports(1)
    scripts = Path(sys.executable).parent
    # Old workers deadlock now and then as they stop, Python with them, with nothing of ours around them either
    # (granian's issue 875).
    killing = ["--workers-kill-timeout", "10"]
    command = [scripts / "clew", "run", scripts / "granian", "--interface", interface, "--port", str(port), *killing]
    with Sink() as sink:
        environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "PYTHONPATH": ""}
        application = f"clew.testing.applications:by_{interface}"
        server = subprocess.Popen([*command, application], cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL)
        try:
            assert eventually(lambda: answers(port))
            assert eventually(lambda: sink.spans)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
    assert {span.name for _, _, span in sink.spans} == {"GET"}


def test_a_request_that_begins_after_the_end_is_untouched() -> None:
    with enabled(plugin) as record, served(by_asgi) as port:
        plugin.disable()
        record.clear()
        assert ask(port, "/items/7").body == b""
        assert record.spans() == ()
