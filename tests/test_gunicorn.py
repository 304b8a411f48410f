"""Real prefork servers under `clew run`: every request is followed, and nothing is lost when SIGTERM ends them."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from servers.sink import Sink

APP = """
import flask, clew
app = flask.Flask("shop")

@app.get("/items/<int:number>")
def item(number):
    return clew.current_request_id()
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def wait_until_it_answers(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            get(port, "/nowhere")
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("the server did not start")


@pytest.mark.parametrize("options", [[], ["--preload"], ["--threads", "4"]], ids=["plain", "preload", "threads"])
def test_of_2000_requests_to_four_workers_all_arrive_after_sigterm(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "app.py").write_text(APP)
    port = free_port()
    scripts = Path(sys.executable).parent
    command = [scripts / "clew", "run", scripts / "gunicorn", "-w", "4", "-b", f"127.0.0.1:{port}", *options, "app:app"]
    with Sink() as sink:
        environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "PYTHONPATH": ""}
        server = subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.DEVNULL)
        try:
            wait_until_it_answers(port, server)
            with ThreadPoolExecutor(4) as pool:
                assert set(pool.map(lambda number: get(port, f"/items/{number}"), range(2000))) == {200}
        finally:
            server.send_signal(signal.SIGTERM)
            status = server.wait(60)
        spans = [span for _, _, span in sink.spans if span.name == "GET /items/<int:number>"]
        workers = {resource["service.instance.id"] for resource, _, span in sink.spans}
    assert status == 0
    assert len(spans) == 2000
    assert len({span.span_id for span in spans}) == 2000
    assert len(workers) > 1
