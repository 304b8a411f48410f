"""The command as a process of its own: what it prints, where it refuses to start, and what it can bear."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

SECONDS = 60


class View:
    """A running viewer; said() waits for a line on standard error, shown() for one on standard output."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.port = int(re.search(r"http://localhost:(\d+)", self.said()).group(1))  # type: ignore[union-attr]

    def said(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def shown(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@contextmanager
def viewing(*options: str, **environment: str) -> Iterator[View]:
    process = start("--port", "0", *options, **environment)
    overdue = threading.Timer(SECONDS, process.kill)  # a test that waits for a line in vain ends
    overdue.start()
    try:
        yield View(process)
    finally:
        overdue.cancel()
        process.kill()
        process.communicate()


def start(*options: str, **environment: str) -> subprocess.Popen[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CLEW_", "OTEL_"))}
    command = [sys.executable, "-m", "clew_viewer", *options]
    env |= {"PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1", **environment}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*options: str, **environment: str) -> tuple[int, str, str]:
    process = start(*options, **environment)
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


def test_a_finished_trace_is_printed_as_plain_text_when_nobody_looks(otlp):
    with viewing("--once") as view:
        otlp.post(view.port, otlp.spans(shop=[otlp.span("GET /", 1)]))
        out, err = view.process.communicate(timeout=SECONDS)
    assert out.startswith("● GET /  5.00 ms")
    assert "\x1b" not in out
    assert view.process.returncode == 0
    assert "received 1 span, 0 log lines" in err


def test_json_has_one_line_for_each_trace_with_spans_logs_and_failures(otlp):
    with viewing("--json", "--once", "2") as view:
        raised = ("KeyError", "'\x1b'", "")
        otlp.post(view.port, otlp.spans(shop=[otlp.span("GET /", 1, raises=raised, attributes={"request.id": "r-1"})]))
        otlp.post(view.port, otlp.logs("shop", ("INFO", "hello", {})), path="/v1/logs")
        otlp.post(view.port, otlp.spans(shop=[otlp.span("GET /other", 1, trace=2)]))
        out, _ = view.process.communicate(timeout=SECONDS)
    first, second = sorted(map(json.loads, out.splitlines()), key=lambda trace: trace["trace_id"])
    assert (first["trace_id"], first["request_id"], first["state"], first["updated"]) == (
        f"{1:032x}",
        "r-1",
        "finished",
        False,
    )
    assert first["spans"][0]["failures"] == [{"type": "KeyError", "message": "'\x1b'", "place": ""}]
    assert first["logs"][0]["body"] == "hello"
    assert second["spans"][0]["name"] == "GET /other"
    assert "\x1b" not in out


def test_only_the_thread_of_the_request_that_was_asked_for_is_printed(otlp):
    with viewing("--request-id", "r-2", "--once", "--json") as view:
        for trace, request_id in ((1, "r-1"), (2, "r-2"), (3, "r-22")):
            span = otlp.span("GET /", 1, trace=trace, attributes={"request.id": request_id})
            otlp.post(view.port, otlp.spans(shop=[span]))
        out, _ = view.process.communicate(timeout=SECONDS)
    assert [json.loads(line)["request_id"] for line in out.splitlines()] == ["r-2"]


def test_late_spans_of_another_service_print_the_whole_tree_again(otlp):
    with viewing("--json") as view:
        otlp.post(view.port, otlp.spans(front=[otlp.span("GET /", 1)]))
        assert json.loads(view.shown())["updated"] is False
        otlp.post(view.port, otlp.spans(stock=[otlp.span("GET /items", 2, 1)]))
        again = json.loads(view.shown())
    assert (again["updated"], [span["service"] for span in again["spans"]]) == (True, ["front", "stock"])


def test_a_taken_port_is_one_line_that_names_the_way_out():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        status, out, err = run("--port", str(port))
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert re.search(r"--port (\d+) .*OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:\1$", err.strip())


def test_it_does_not_run_under_clew_run():
    status, out, err = run(CLEW_RUN="1")
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert "clew run" in err


@pytest.mark.parametrize("options", [["--host", "0.0.0.0"], ["--port", "x"], ["--port", "70000"], ["--once", "no"]])
def test_options_that_it_does_not_have_are_refused(options):
    assert run(*options)[0] == 2


def test_settings_of_opentelemetry_do_not_concern_it(otlp):
    settings = {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://192.0.2.1:1", "OTEL_PYTHON_X": "y"}
    with viewing("--once", **settings) as view:
        otlp.post(view.port, otlp.spans(shop=[otlp.span("GET /", 1)]))
        assert view.process.wait(SECONDS) == 0


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signal that ends a process gently")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_with_a_summary_when_it_is_interrupted(number):
    with viewing() as view:
        view.process.send_signal(number)
        _, err = view.process.communicate(timeout=SECONDS)
    assert view.process.returncode == 0
    assert err.strip() == "received 0 spans, 0 log lines (0 outside of a trace) and 0 metric points"


def test_what_it_refuses_is_said_once(otlp):
    with viewing() as view:
        for _ in range(3):
            otlp.post(view.port, b"\xff")
        otlp.post(view.port, Content_Type="text/plain")
        said = [view.said(), view.said()]
    assert [line.split(": ")[0] for line in said] == ["refused a request (400)", "refused a request (415)"]


def test_a_reader_that_goes_away_ends_it_quietly(otlp):
    with viewing("--json") as view:
        assert view.process.stdout is not None
        view.process.stdout.close()
        otlp.post(view.port, otlp.spans(shop=[otlp.span("GET /", 1)]))
        assert view.process.wait(SECONDS) == 0
        assert "Traceback" not in view.said()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory of a process from /proc")
def test_bombs_do_not_fill_its_memory(otlp):
    attributes = b"\x4a\x00" * 4_000_000
    span = b"\x12" + _length(len(attributes)) + attributes
    scope = b"\x12" + _length(len(span)) + span
    bombs = [
        bytes(100_000_000),
        b"\x0a\x00" * 2_000_000,
        b"\x0a" + _length(len(scope)) + scope,
        b"[" + b"{}," * 5_000_000 + b"{}]",
    ]
    with viewing() as view:
        before = _peak(view.process.pid)
        assert otlp.post(view.port, b"\x0a\x00" * 500_000).status == 200
        for bomb in map(gzip.compress, bombs):
            assert otlp.post(view.port, bomb, Content_Encoding="gzip").status in (400, 413)
            assert otlp.post(view.port, bomb, Content_Encoding="gzip", Content_Type="application/json").status >= 400
        assert _peak(view.process.pid) - before < 64 * 1024


def _length(size: int) -> bytes:
    return bytes((size & 127 | 128, size >> 7 & 127 | 128, size >> 14 & 127 | 128, size >> 21))


def _peak(pid: int) -> int:
    """The most memory that a process ever had, in KiB."""
    found: Any = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1))
