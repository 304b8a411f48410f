"""The ends and beginnings of processes: exit, SIGTERM, fork, multiprocessing's children, imports."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from programs import run, start
from servers.sink import Sink, attributes_of

SETUP = """
import os, sys, time
import clew_sdk
from opentelemetry import metrics, trace
clew_sdk.install()
tracer = trace.get_tracer("test")
def work(number, name="work"):
    for _ in range(number):
        tracer.start_span(name).end()
"""


def names(sink: Sink) -> list[str]:
    return sorted(span.name for _, _, span in sink.spans)


@pytest.fixture
def hole() -> Iterator[str]:
    """The URL of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_program_that_ends_has_sent_everything(sink: Sink) -> None:
    done = run(SETUP + "work(400)", sink.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(sink.span_ids) == 400


def test_sigterm_kills_a_program_that_has_no_handler_after_everything_was_sent(sink: Sink) -> None:
    """All 400 spans arrive, and the exit status still says "killed by SIGTERM"."""
    done = run(SETUP + "import signal; work(400); os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)", sink.url)
    assert done.returncode == -signal.SIGTERM
    assert len(sink.span_ids) == 400


def test_sigterm_reaches_a_program_that_waits(sink: Sink) -> None:
    """A signal from outside, while the main thread sleeps."""
    program = start(SETUP + "work(400); print('ready'); time.sleep(60)", sink.url)
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    program.terminate()
    program.communicate(timeout=30)
    assert program.returncode == -signal.SIGTERM
    assert len(sink.span_ids) == 400


def test_a_sigterm_handler_of_the_applications_stays(sink: Sink) -> None:
    """Set before or after us, it runs once, and decides how the program ends."""
    before = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: (print('mine'), sys.exit(7)))\n"
    after = SETUP + before + "work(5); os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)"
    for program in (before + SETUP + "work(5); os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)", after):
        done = run(program, sink.url)
        assert (done.returncode, done.stdout) == (7, "mine\n")
    assert len(sink.span_ids) == 10


def test_a_black_holed_endpoint_delays_the_exit_by_no_more_than_the_budget(hole: str) -> None:
    """All signals share it; one line per signal says what was lost, and so does the ledger."""
    program = (
        SETUP
        + """
from opentelemetry import _logs
import atexit
began = []
atexit._clear()
work(2000)
metrics.get_meter("m").create_counter("c").add(1)
_logs.get_logger("l").emit(body="x")
before = time.monotonic()
from clew_sdk import pipeline
pipeline.default().exit()
print(time.monotonic() - before, clew_sdk.ledger()["traces"])
os._exit(0)
"""
    )
    done = run(program, hole, CLEW_EXIT_TIMEOUT="2")
    seconds, _, account = done.stdout.partition(" ")
    assert float(seconds) < 4
    assert account == "Account(delivered=0, dropped={'exit': 2000}, queued=0)\n"
    assert "2000 spans" in done.stderr


def test_a_program_exits_in_time_even_if_names_cannot_be_resolved(sink: Sink) -> None:
    """Timeouts of sockets do not cover getaddrinfo."""
    hang = "import socket; socket.getaddrinfo = lambda *a, **k: __import__('time').sleep(50)\n"
    before = time.monotonic()
    done = run(hang + SETUP + "work(10)", "http://collector.invalid:4318", CLEW_EXIT_TIMEOUT="1")
    assert done.returncode == 0
    assert time.monotonic() - before < 30


def test_a_span_that_begins_when_the_program_is_ending_is_sent(sink: Sink) -> None:
    """In functions of atexit, registered before and after us: no traceback, whether or not threads still start."""
    program = "import atexit\natexit.register(lambda: work(3, 'late'))\n" + SETUP
    done = run(program + "atexit.register(lambda: work(4, 'early'))", sink.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert names(sink) == ["early"] * 4 + ["late"] * 3


def test_a_span_that_the_last_garbage_collection_ends_is_sent(sink: Sink) -> None:
    """By then no other thread runs any more, and none can be started."""
    program = """
class Kept:
    def __del__(self):
        work(1, "late")
kept = Kept()
kept.itself = kept
"""
    done = run(SETUP + "work(1, 'early')\n" + program + "del kept", sink.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert names(sink) == ["early", "late"]


@pytest.mark.skipif(sys.platform != "linux", reason="os.fork")
def test_parent_and_forked_children_send_their_own_spans_once_each(sink: Sink) -> None:
    """With the worker alive and spans queued at the fork; each child has an instance ID, IDs and counts of its own."""
    program = (
        SETUP
        + """
counter = metrics.get_meter("m").create_counter("c")
add = counter.bind({"k": "v"}).add
add(100)
work(300, "parent")
clew_sdk.force_flush()
work(300, "parent")
for number in range(8):
    if os.fork() == 0:
        work(50, f"child{number}")
        add(1)
        sys.exit()
for _ in range(8):
    os.wait()
"""
    )
    done = run(program, sink.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(sink.span_ids) == len(sink.spans) == 600 + 8 * 50
    instances = {resource["service.instance.id"]: resource["process.pid"] for resource, _, _ in sink.spans}
    assert len(instances) == len(set(instances.values())) == 9
    sums = {resource["process.pid"]: one.sum.data_points[0].as_int for resource, _, one in sink.metrics}
    assert sorted(sums.values()) == [1] * 8 + [100]


@pytest.mark.skipif(sys.platform != "linux", reason="os.fork")
def test_a_child_forked_while_a_batch_hangs_can_record_flush_and_exit(hole: str) -> None:
    """No lock is inherited locked."""
    program = (
        SETUP
        + """
work(10)
time.sleep(1.5)
child = os.fork()
if child == 0:
    work(10)
    print(clew_sdk.force_flush(300), clew_sdk.ledger()["traces"].queued)
    os._exit(0)
os.waitpid(child, 0)
os._exit(0)
"""
    )
    done = run(program, hole)
    assert done.stdout == "False 10\n"


@pytest.mark.skipif(sys.platform != "linux", reason="start method fork")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_that_leave_by_os_exit_send_everything_first(method: str, sink: Sink) -> None:
    """Their finalizers run, atexit's functions do not."""
    program = f"""
import multiprocessing, sys, tempfile, os
folder = tempfile.mkdtemp()
with open(os.path.join(folder, "job.py"), "w") as file:
    file.write('''
def job(number):
    import clew_sdk
    from opentelemetry import trace
    clew_sdk.install()
    for _ in range(100):
        trace.get_tracer("child").start_span(f"child{{number}}").end()
''')
sys.path.insert(0, folder)
import job
{SETUP}
if __name__ == "__main__":
    work(10, "parent")
    context = multiprocessing.get_context("{method}")
    children = [context.Process(target=job.job, args=(number,)) for number in range(3)]
    for child in children: child.start()
    for child in children: child.join()
"""
    done = run(program, sink.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(sink.span_ids) == len(sink.spans) == 310


def test_importing_and_installing_is_light_and_starts_nothing(sink: Sink) -> None:
    """No thread, no connection, none of the costly modules, nothing of opentelemetry-sdk."""
    program = """
import os, sys
import opentelemetry.trace, opentelemetry.metrics, opentelemetry._logs
before = set(sys.modules)
import clew_sdk
clew_sdk.install()
costly = "opentelemetry.sdk", "http.client", "ssl", "asyncio", "socket", "importlib.metadata", "email", "uuid", "re"
print([name for name in set(sys.modules) - before if name.startswith(costly)])
print(len(os.listdir("/proc/self/task")), sorted(os.listdir("/proc/self/fd"))[:4])
"""
    done = run(program, sink.url)
    assert done.stdout == "[]\n1 ['0', '1', '2', '3']\n"
    assert not sink.requests


def test_nothing_happens_when_the_sdk_is_disabled(sink: Sink) -> None:
    program = SETUP + "work(5); print(type(trace.get_tracer_provider()).__name__)"
    done = run(program, sink.url, OTEL_SDK_DISABLED="true")
    assert (done.stdout, done.stderr) == ("ProxyTracerProvider\n", "")
    assert not sink.requests


def test_a_signal_handler_that_records_does_not_stall_the_program(sink: Sink) -> None:
    """Timers every millisecond set an attribute on the live span, record a measurement and end spans of their own."""
    program = (
        SETUP
        + """
import signal
histogram = metrics.get_meter("m").create_histogram("h")
live = None
rung = 0
def ring(*_):
    global rung
    rung += 1
    if live is not None:
        live.set_attribute("rung", rung)
    histogram.record(rung)
    tracer.start_span("signal").end()
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
made = 0
while rung < 500:
    live = tracer.start_span("main", attributes={"a": 1})
    for number in range(50):
        live.set_attribute(f"key{number}", number)
        histogram.record(number)
    live.end()
    made += 1
signal.setitimer(signal.ITIMER_REAL, 0)
print(made + rung)
"""
    )
    done = run(program, sink.url)
    assert done.returncode == 0
    assert len(sink.span_ids) == int(done.stdout)
    total = sum(point.count for _, _, metric in sink.metrics for point in metric.histogram.data_points)
    assert total >= 500


@pytest.mark.parametrize("order", ["before", "after", "between"])
def test_greenlets_do_not_stop_the_worker(order: str, sink: Sink) -> None:
    """gevent's patches before us, after us, and after our first span: the worker stays a real thread."""
    pytest.importorskip("gevent")
    patch = "import gevent.monkey; gevent.monkey.patch_all()\n"
    first = "trace.get_tracer('t').start_span('first').end()\n"
    program = {"before": patch + SETUP + first, "after": SETUP + patch + first, "between": SETUP + first + patch}[order]
    work_in_greenlets = """
import threading, time
def some():
    for _ in range(50):
        with tracer.start_as_current_span("work"):
            time.sleep(0.001)
threads = [threading.Thread(target=some) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(clew_sdk.force_flush(10000), len(os.listdir("/proc/self/task")))
work(10)
"""
    done = run(program + work_in_greenlets, sink.url)
    assert (done.returncode, done.stdout) == (0, "True 2\n")
    assert len(sink.span_ids) == 211


def test_the_ledger_is_told_as_metrics(sink: Sink) -> None:
    """Created, sent, refused and why, for each signal, at the time of the last flush."""
    program = """
from clew_sdk import pipeline
from opentelemetry import _logs
pipe = pipeline.default()
work(5)
_logs.get_logger("l").emit(body="x")
metrics.get_meter("m").create_counter("c").add(1)
clew_sdk.force_flush()
pipe.outboxes["traces"]._room = pipe.outboxes["traces"]._capacity = 0
work(3)
clew_sdk.force_flush()
clew_sdk.force_flush()
"""
    done = run(SETUP + program, sink.url)
    assert done.returncode == 0
    told: dict[Any, int] = {}
    for _, _, metric in sink.own_metrics:
        for point in metric.sum.data_points:
            attributes = attributes_of(point)
            assert {"otel.component.name", "otel.component.type"} <= set(attributes) or metric.name.endswith("created")
            told[metric.name, attributes.get("error.type")] = point.as_int
    of_metrics = {key: told.pop(key) for key in list(told) if "data_point" in key[0]}
    assert told == {
        ("otel.sdk.exporter.span.exported", None): 5,
        ("otel.sdk.exporter.span.inflight", None): 0,
        ("otel.sdk.processor.span.processed", None): 5,
        ("otel.sdk.processor.span.processed", "queue_full"): 3,
        ("otel.sdk.processor.span.queue.size", None): 0,
        ("otel.sdk.exporter.log.exported", None): 1,
        ("otel.sdk.exporter.log.inflight", None): 0,
        ("otel.sdk.processor.log.processed", None): 1,
        ("otel.sdk.processor.log.queue.size", None): 0,
        ("otel.sdk.log.created", None): 1,
    }
    assert of_metrics["otel.sdk.exporter.metric_data_point.exported", None] > 10


def test_metrics_of_clew_itself_can_be_switched_off(sink: Sink) -> None:
    assert run(SETUP + "work(5)", sink.url, CLEW_SELF_METRICS="false").returncode == 0
    assert (len(sink.span_ids), len(sink.requests)) == (5, 1)
