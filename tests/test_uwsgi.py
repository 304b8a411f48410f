"""uWSGI under `clew run`, with its master and workers: every request is one SERVER span, and none is lost.

uWSGI looks up the application in C and calls it from there, so no plugin can stand around it: what is followed is the
framework, or what `clew.wsgi` is put around by hand. These tests need pyuwsgi, so they run with those of the faults.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers.programs import eventually, find, free_ports
from servers.sink import Sink, attributes_of

from clew.testing.contracts.http_server import ask

pytestmark = pytest.mark.once

FLASK = """
import flask
application = flask.Flask("shop")

@application.get("/items/<int:number>")
def item(number):
    return "item"
"""
DJANGO = """
from django.conf import settings
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None)
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("items/<int:number>", lambda request, number: HttpResponse("item"))]
application = get_wsgi_application()
"""
HOOKS = """
import flask, uwsgi
called = []
uwsgi.post_fork_hook = lambda: called.append("a")
application = flask.Flask("shop")
before = uwsgi.post_fork_hook
uwsgi.post_fork_hook = lambda: (before(), called.append("b"))

@application.get("/items/<int:number>")
def item(number):
    return "".join(called)
"""
BY_HAND = """
import clew

@clew.wsgi
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"item"]
"""
LAZY, PREFORK = ("--lazy-apps",), ("--enable-threads", "--threads", "4")
NAMES = {FLASK: "GET /items/<int:number>", DJANGO: "GET /items/<int:number>", BY_HAND: "GET"}


@contextmanager
def served(
    folder: Path, sink: Sink, program: str, *options: str
) -> Iterator[tuple[subprocess.Popen[bytes], int, Callable[[], set[int]]]]:
    scripts = Path(sys.executable).parent
    if find("uwsgi", [scripts]) is None:
        pytest.skip("there is no uwsgi (pip install pyuwsgi)")
    (folder / "shop.py").write_text(program)
    port, stats = free_ports(2)
    address = "--http-socket", f"127.0.0.1:{port}", "--stats", f"127.0.0.1:{stats}", "--module", "shop", "--die-on-term"
    command = [scripts / "clew", "run", scripts / "uwsgi", *address, "--master", "--processes", "2", *options]
    environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "PYTHONPATH": ""}
    server = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert eventually(lambda: len(idle(stats)) == 2)
        assert answers(port)
        yield server, port, lambda: idle(stats)
        # A worker that is busy when it is told to end does not call Python any more (uwsgi_python_atexit).
        assert eventually(lambda: len(idle(stats)) == 2)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def answers(port: int) -> bool:
    return ask(port, "/items/0").status == 200


def idle(port: int) -> set[int]:
    """The process IDs of the workers that have an application and nothing to do, by uWSGI's own statistics."""
    try:
        with socket.create_connection(("127.0.0.1", port), 10) as connection, connection.makefile("rb") as stream:
            workers = json.load(stream)["workers"]
    except (OSError, ValueError):
        return set()
    return {worker["pid"] for worker in workers if worker["status"] == "idle" and worker["apps"]}


def load(port: int, number: int) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda one: ask(port, f"/items/{one}").status, range(1, number + 1))) == {200}


def told(sink: Sink) -> Counter[str]:
    """How often each path was told of."""
    return Counter(str(attributes_of(span)["url.path"]) for _, _, span in sink.spans)


@pytest.mark.parametrize(
    ("program", "options"),
    [(FLASK, LAZY), (DJANGO, PREFORK), (BY_HAND, PREFORK)],
    ids=["flask", "django", "by hand"],
)
def test_each_request_is_one_span_and_none_is_lost_at_the_end(
    tmp_path: Path, program: str, options: tuple[str, ...]
) -> None:
    with Sink() as sink:
        with served(tmp_path, sink, program, *options) as (server, port, _):
            load(port, 200)
        assert server.returncode == 0
        assert told(sink) == {f"/items/{number}": 1 for number in range(201)}
        assert {span.name for _, _, span in sink.spans} == {NAMES[program]}
        assert len({span.trace_id for _, _, span in sink.spans}) == 201
        assert len({resource["service.instance.id"] for resource, _, _ in sink.spans}) == 2


def test_nothing_is_lost_when_workers_are_replaced(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    touched.touch()
    with Sink() as sink:
        reload = "--touch-workers-reload", str(touched)
        with served(tmp_path, sink, FLASK, *PREFORK, *reload) as (server, port, idle_workers):
            load(port, 200)
            assert eventually(lambda: len(idle_workers()) == 2)
            before = idle_workers()
            os.utime(touched, (2e9, 2e9))
            assert eventually(lambda: len(idle_workers() - before) == 2)
            load(port, 200)
        assert server.returncode == 0
        assert told(sink) == {"/items/0": 1, **{f"/items/{number}": 2 for number in range(1, 201)}}
        assert len({span.trace_id for _, _, span in sink.spans}) == 401
        assert len({resource["service.instance.id"] for resource, _, _ in sink.spans}) == 4


def test_the_applications_own_hooks_after_the_fork_are_called(tmp_path: Path) -> None:
    with Sink() as sink:
        with served(tmp_path, sink, HOOKS) as (server, port, _):
            assert ask(port, "/items/7").body == b"ab"
        assert server.pid not in {resource["process.pid"] for resource, _, _ in sink.spans}
