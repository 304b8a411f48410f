"""A request that an application spreads over threads, processes and greenlets is one trace, on real servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from servers.programs import eventually, free_ports
from servers.sink import Sink, attributes_of
from test_gunicorn import answers, get

from clew.testing.peer import running_peer

APP = """
import asyncio, os, threading, urllib.request
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
import flask, requests, urllib3

app = flask.Flask("shop")
peer = os.environ["PEER"]
threads = ThreadPoolExecutor(2)
kinds = os.environ["KINDS"].split()
if "process" in kinds:
    processes = ProcessPoolExecutor(2, get_context("spawn"))
if "greenlet" in kinds:
    import gevent

def call(kind):
    requests.get(f"{peer}/items/{kind}", timeout=30)

class Thread(threading.Thread):
    def run(self):
        call("thread")

def thread():
    started = Thread()
    started.start()
    started.join()

def timer():
    started = threading.Timer(0, call, ["timer"])
    started.start()
    started.join()

def chunks():
    for number in range(2):
        call(f"chunk-{number}")
        yield b"chunk"

ways = {
    "thread": thread, "timer": timer, "pool": lambda: threads.submit(call, "pool").result(),
    "process": lambda: processes.submit(call, "process").result(),
    "greenlet": lambda: gevent.spawn(call, "greenlet").get(),
    "task": lambda: asyncio.run(asyncio.to_thread(call, "task")),
    "urllib": lambda: urllib.request.urlopen(f"{peer}/items/urllib", timeout=30).read(),
    "urllib3": lambda: urllib3.request("GET", f"{peer}/items/urllib3"),
}

@app.get("/spread/<int:number>")
def spread(number):
    for kind in kinds:
        ways[kind]()
    return flask.Response(chunks())
"""


@pytest.mark.parametrize(
    ("worker", "kinds"),
    [
        ("gthread", "thread timer pool process task urllib urllib3"),
        ("gevent", "thread timer pool greenlet urllib urllib3"),
    ],
)
def test_each_request_is_one_trace_wherever_its_work_is_done(tmp_path: Path, worker: str, kinds: str) -> None:
    pytest.importorskip("gevent")
    (tmp_path / "app.py").write_text(APP)
    (port,) = free_ports(1)
    scripts = Path(sys.executable).parent
    serve = [scripts / "gunicorn", "-w", "1", "-k", worker, "--threads", "4", "-b", f"127.0.0.1:{port}", "app:app"]
    with Sink() as sink, running_peer() as peer:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "PEER": peer.url, "KINDS": kinds, "PYTHONPATH": ""}
        with (tmp_path / "said").open("wb") as said:
            server = subprocess.Popen(
                [scripts / "clew", "run", *serve], cwd=tmp_path, env={**os.environ, **settings}, stderr=said
            )
        try:
            assert eventually(lambda: answers(port)), (tmp_path / "said").read_text()
            with ThreadPoolExecutor(4) as pool:
                assert set(pool.map(lambda number: get(port, f"/spread/{number}"), range(12))) == {200}
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
        assert "clew:" not in (tmp_path / "said").read_text()
        spans = [(span, attributes_of(span)) for _, _, span in sink.spans]
    requests = {span.trace_id: found["request.id"] for span, found in spans if span.name == "GET /spread/<int:number>"}
    assert len(requests) == 12
    calls = [(span, found) for span, found in spans if "url.full" in found]
    assert {requests[span.trace_id] == found["request.id"] for span, found in calls} == {True}
    made = Counter(str(found["url.full"]).rpartition("/")[2] for _, found in calls)
    assert made == dict.fromkeys([*kinds.split(), "chunk-0", "chunk-1"], 12)
