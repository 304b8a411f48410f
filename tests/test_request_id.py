"""One request ID through two applications and a thread pool: sampled, not sampled, and with traces off."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.programs import eventually, free_ports
from servers.sink import Sink

INNER = """
import asyncio, clew, fastapi
app = fastapi.FastAPI()

@app.get("/id")
def where_it_is():
    return clew.current_request_id()
"""
OUTER = """
import logging
from concurrent.futures import ThreadPoolExecutor
import clew, flask, os, requests
logging.basicConfig(level=logging.INFO)
app = flask.Flask("outer")
pool = ThreadPoolExecutor(2)

@app.get("/id")
def ids():
    inner = pool.submit(lambda: requests.get(os.environ["INNER"] + "/id").json())
    app.logger.info("asked")
    return {"here": clew.current_request_id(), "there": inner.result()}
"""


def get(port: int, **headers: str) -> tuple[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/id", headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.headers.get("X-Request-ID", ""), answer.read().decode()
    finally:
        connection.close()


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


SETTINGS = {
    "sampled": {},
    "not sampled": {"OTEL_TRACES_SAMPLER": "always_off"},
    "traces off": {"OTEL_TRACES_EXPORTER": "none"},
}


@pytest.fixture(scope="module", params=SETTINGS.values(), ids=SETTINGS)
def outer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Sink]]:
    folder = tmp_path_factory.mktemp("applications")
    (folder / "inner.py").write_text(INNER)
    (folder / "outer.py").write_text(OUTER)
    scripts, ports = Path(sys.executable).parent, free_ports(2)
    with Sink() as sink:
        environ = {
            **os.environ,
            **request.param,
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
            "INNER": f"http://127.0.0.1:{ports[0]}",
            "CLEW_LOG_FORMAT": "json",
        }
        commands = (
            [scripts / "uvicorn", "inner:app", "--port", str(ports[0])],
            [scripts / "flask", "--app", "outer", "run", "--port", str(ports[1])],
        )
        processes = [
            subprocess.Popen(
                [scripts / "clew", "run", *command],
                cwd=folder,
                env=environ,
                stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
            )
            for command in commands
        ]
        try:
            assert eventually(lambda: all(map(listening, ports)))
            yield ports[1], sink
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.communicate(timeout=60)


def test_an_id_that_came_is_the_same_everywhere(outer: tuple[int, Sink]) -> None:
    port, _ = outer
    echoed, body = get(port, X_Request_ID="order-1")
    assert (echoed, body.replace(" ", "").strip()) == ("order-1", '{"here":"order-1","there":"order-1"}')


def test_a_made_id_is_the_same_everywhere(outer: tuple[int, Sink]) -> None:
    port, _ = outer
    echoed, body = get(port)
    assert len(echoed) == 32
    assert body.replace(" ", "").strip() == f'{{"here":"{echoed}","there":"{echoed}"}}'


def test_two_requests_have_two_ids(outer: tuple[int, Sink]) -> None:
    port, _ = outer
    assert get(port)[0] != get(port)[0]


def test_the_log_line_of_a_request_is_sent_with_its_id(outer: tuple[int, Sink]) -> None:
    port, sink = outer
    get(port, X_Request_ID="order-2")

    def bodies() -> list[str]:
        return [
            record.body.string_value
            for _, _, record in sink.logs
            for attribute in record.attributes
            if attribute.key == "request.id" and attribute.value.string_value == "order-2"
        ]

    assert eventually(lambda: "asked" in bodies())
