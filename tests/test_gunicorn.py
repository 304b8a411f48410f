"""Real prefork servers under `clew run`: every request is followed, and nothing is lost when SIGTERM ends them."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from servers.programs import eventually, free_ports
from servers.sink import Sink

APP = """
import flask, clew
app = flask.Flask("shop")

@app.get("/items/<int:number>")
def item(number):
    return clew.current_request_id()
"""


def get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def answers(port: int) -> bool:
    try:
        return get(port, "/nowhere") == 404
    except OSError:
        return False


@pytest.mark.parametrize("options", [[], ["--preload"], ["--threads", "4"]], ids=["plain", "preload", "threads"])
def test_of_2000_requests_to_four_workers_all_arrive_after_sigterm(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "app.py").write_text(APP)
    (port,) = free_ports(1)
    scripts = Path(sys.executable).parent
    command = [scripts / "clew", "run", scripts / "gunicorn", "-w", "4", "-b", f"127.0.0.1:{port}", *options, "app:app"]
    with Sink() as sink:
        environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "PYTHONPATH": ""}
        server = subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.DEVNULL)
        try:
            assert eventually(lambda: answers(port))
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
