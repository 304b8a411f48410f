"""clew-gunicorn passes the contract of a server, with its real workers in a thread of the test, or as the command."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.sock import create_sockets
from gunicorn.workers.gthread import ThreadWorker
from gunicorn.workers.sync import SyncWorker
from servers.programs import eventually, free_ports
from servers.sink import Sink

import clew_logging
from clew.testing.applications import by_asgi, by_wsgi
from clew.testing.contracts.http_server import HttpServerContract, ask
from clew_gunicorn import plugin


class Application(BaseApplication):
    def __init__(self, application: Any) -> None:
        self.application = application
        super().__init__()

    def load_config(self) -> None:
        for name, value in {"bind": "127.0.0.1:0", "threads": 8, "worker_tmp_dir": None}.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self.application


@contextmanager
def served(kind: Any, application: Any) -> Iterator[int]:
    class Worker(kind):
        def init_signals(self) -> None:
            """They are for a process of its own."""

    app = Application(application)
    log = Logger(app.cfg)
    listeners = create_sockets(app.cfg, log)
    worker = Worker(1, os.getppid(), listeners, app, 1, app.cfg, log)
    thread = threading.Thread(target=worker.init_process, daemon=True)
    thread.start()
    try:
        yield listeners[0].getsockname()[1]
    finally:
        worker.alive = False
        thread.join()
        for listener in listeners:
            listener.close()
        worker.tmp.close()


class TestGunicorn(HttpServerContract):
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = None
    has_middleware = raises = has_error_page = hands_on_everything = False
    patched: list[tuple[Any, str]] = [(ThreadWorker, "wsgi")]

    def serve(self) -> Any:
        return served(ThreadWorker, by_wsgi)


class TestGunicornSync(TestGunicorn):
    patched = [(SyncWorker, "wsgi")]

    def serve(self) -> Any:
        return served(SyncWorker, by_wsgi)


class TestGunicornByAsgi(TestGunicorn):
    patched: list[tuple[Any, str]] = []
    socket = ""

    def serve(self) -> Any:
        gasgi = pytest.importorskip("gunicorn.workers.gasgi")
        return served(gasgi.ASGIWorker, by_asgi)


@pytest.mark.parametrize(
    ("worker", "needs", "interface"),
    [
        ("gevent", "gevent", "wsgi"),
        ("uvicorn.workers.UvicornWorker", "uvicorn.workers", "asgi"),
    ],
)
def test_workers_that_need_a_process_of_their_own_are_followed(
    tmp_path: Path, worker: str, needs: str, interface: str
) -> None:
    if not installed(needs):
        pytest.skip(f"there is no {needs}")
    (port,) = free_ports(1)
    scripts = Path(sys.executable).parent
    command = [scripts / "clew", "run", scripts / "gunicorn", "-k", worker, "-b", f"127.0.0.1:{port}"]
    with Sink() as sink:
        environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "PYTHONPATH": ""}
        application = f"clew.testing.applications:by_{interface}"
        server = subprocess.Popen([*command, application], cwd=tmp_path, env=environ, stderr=subprocess.DEVNULL)
        try:
            assert eventually(lambda: answers(port))
            for _ in range(20):
                assert answers(port)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
    assert len(sink.spans) == 21
    assert {span.name for _, _, span in sink.spans} == {"GET"}


def installed(name: str) -> bool:
    """Without importing it: gevent and what it changes are for the worker alone."""
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False


def answers(port: int) -> bool:
    try:
        return ask(port, "/items/7").status == 200
    except OSError:
        return False
