"""What the beginnings and ends of processes do to records: fork, exec, signals, exits (F1 to F7, F10 to F15)."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from servers.programs import eventually, free_ports
from servers.sink import Sink

from faults.conftest import Fact, missing
from faults.harness import EXIT_BUDGET, PROGRAMS, SLACK, Bench, balance, by_hand, received, twice
from faults.loads import answers, load


@contextmanager
def serving(bench: Bench, sink: Sink, *words: str, **settings: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server of the application `words`, in which `PORT` stands for its port, once it answers."""
    (port,) = free_ports(1)
    command = [word.replace("PORT", str(port)) for word in words]
    with bench.started(*command, to=sink, **settings) as process:
        assert eventually(lambda: answers(port) or process.poll() is not None, 40), bench.log()
        assert process.poll() is None, bench.log()
        yield process, port


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[int, float]:
    """Exit status, and the seconds until then."""
    began = time.monotonic()
    process.send_signal(number)
    try:
        status = process.wait(60)
    except subprocess.TimeoutExpired:
        status = -signal.SIGKILL  # which ends it when the block does
    return status, time.monotonic() - began


GUNICORN = ("gunicorn", "-b", "127.0.0.1:PORT", "--log-level", "error")


@pytest.mark.parametrize(
    "options",
    [("-w", "8"), ("-w", "2", "-k", "gthread", "--threads", "4"), ("-w", "2", "--max-requests", "40")],
    ids=["sync", "gthread", "max-requests"],
)
def test_f01_prefork_servers_lose_nothing(bench: Bench, sink: Sink, options: tuple[str, ...], fact: Fact) -> None:
    requests = 10_000 if bench.full else 2_000 if options[1] == "8" else 500
    with serving(bench, sink, *GUNICORN, *options, "web:app") as (process, port):
        wrong = load(port, requests)
        status, seconds = stop(process)
    arrived = received(sink)
    fact(
        f"{' '.join(options)}: {len(arrived):,} of {requests * 10:,} received, {twice(arrived)} twice, stopped in {seconds:.1f} s"
    )
    assert not wrong
    assert status == 0
    assert len(arrived) == requests * 10
    assert twice(arrived) == 0
    assert seconds < EXIT_BUDGET + SLACK


def test_f02_what_waits_at_a_fork_is_sent_once_and_children_are_themselves(
    bench: Bench, sink: Sink, fact: Fact
) -> None:
    run = bench.run("forks.py", to=sink)
    arrived = received(sink)
    instances = {resource.get("service.instance.id", resource.get("runtime-id")) for resource, _, _ in sink.spans}
    fact(f"{len(arrived)} of 1,000 received, {twice(arrived)} twice, {len(instances)} of 9 instance IDs")
    balance(run, 1000, len(arrived))
    assert twice(arrived) == 0
    assert len(instances) == 9


def test_f02_the_master_of_a_server_may_have_recorded_before_it_forks(bench: Bench, sink: Sink, fact: Fact) -> None:
    with serving(bench, sink, *GUNICORN, "-w", "4", "--preload", "web_fork:app") as (process, port):
        wrong = load(port, 200)
        status, _ = stop(process)
    arrived = received(sink)
    fact(f"gunicorn --preload: {len(arrived)} of 2,300 received, {twice(arrived)} twice")
    assert not wrong
    assert status == 0
    assert len(arrived) == 2300
    assert twice(arrived) == 0


def test_f03_a_child_that_is_forked_during_an_export_can_record_flush_and_exit(bench: Bench, fact: Fact) -> None:
    """No lock is inherited locked, for none of the three signals."""
    with Sink("hang") as hung:
        run = bench.run("fork_in_export.py", str(bench.folder / "never"), to=hung)
    seconds = run["child"]
    fact(f"the child's records and flush took {seconds:.1f} s, and it exited")
    assert seconds < 3
    assert run["waited"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_f04_children_that_leave_by_os_exit_send_everything_first(
    bench: Bench, sink: Sink, method: str, fact: Fact
) -> None:
    run = bench.run("children.py", method, to=sink)
    children = {span.span_id for _, _, span in sink.spans if span.name == "child"}
    fact(f"multiprocessing {method}: {len(children)} of 600 spans of children received")
    assert len(children) == 600
    assert len(received(sink)) == 610
    assert run["took"] < 20


def test_f04_celery_children_that_end_after_one_task_send_everything_first(
    bench: Bench, sink: Sink, fact: Fact
) -> None:
    settings = {"FAULTS_QUEUE": str(bench.folder / "broker")}
    bench.run_alone("tasks.py", to="http://127.0.0.1:9", **settings)
    command = ("celery", "-A", "tasks", "worker", "-c", "2", "-P", "prefork", "--without-gossip", "--without-mingle")
    with bench.started(*command, to=sink, **settings) as process:
        assert eventually(lambda: len(bench.notes().all("job")) == 20, 60), bench.log()
        status, _ = stop(process)
    arrived = received(sink)
    fact(f"Celery, one task per child: {len(arrived)} of 200 received")
    assert status == 0
    assert len(arrived) == 200
    assert twice(arrived) == 0


def test_f05_frequent_forks_are_cheap_and_start_nothing(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("frequent_forks.py", "500" if bench.full else "200", to=sink)
    fact(
        f"{run['in_child']} thread in a child, {run['each'] * 1000:.1f} ms per fork, before {run['before']}, after {run['after']} threads and descriptors"
    )
    assert run["in_child"] == 1
    assert run["before"] == run["after"]
    balance(run, 10, len(received(sink)))


def test_f06_a_script_that_is_killed_by_sigterm_sends_everything_first(bench: Bench, sink: Sink, fact: Fact) -> None:
    """And its status is still "killed by SIGTERM"."""
    run = bench.run("killed.py", to=sink)
    fact(f"{len(received(sink))} of 400 received, status {run.status}")
    assert run.status == -signal.SIGTERM
    assert len(received(sink)) == 400


@pytest.mark.parametrize("when", ["before", "after", "asyncio"])
def test_f07_a_handler_of_the_applications_runs_once(bench: Bench, sink: Sink, when: str, fact: Fact) -> None:
    run = bench.run("handler.py", when, to=sink)
    fact(f"handler {when}: once, {len(received(sink))} of 10 received")
    assert run.status == 7
    balance(run, 10, len(received(sink)))
    assert len(received(sink)) == 10


@pytest.mark.parametrize("options", [(), ("--workers", "2"), ("--reload",)], ids=["plain", "workers", "reload"])
def test_f07_uvicorn_drains_as_ever(bench: Bench, sink: Sink, options: tuple[str, ...], fact: Fact) -> None:
    command = ("uvicorn", "--port", "PORT", "--log-level", "error", *options, "asgi:app")
    with serving(bench, sink, *command) as (process, port):
        wrong = load(port, 100)
        status, seconds = stop(process)
        assert eventually(lambda: len(received(sink)) == 1000, 5) or True
    expected = {0, -signal.SIGTERM}  # versions differ in whether they raise the signal again
    arrived = received(sink)
    fact(f"uvicorn {' '.join(options)}: {len(arrived)} of 1,000 received, stopped in {seconds:.1f} s")
    assert not wrong
    assert status in expected
    assert len(arrived) == 1000
    assert seconds < EXIT_BUDGET + SLACK


def test_f10_records_of_the_last_moment_are_sent_or_counted(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("last_words.py", to=sink)
    arrived = received(sink)
    traceback = "Traceback" in run.err
    logs = len([record for _, scope, record in sink.logs if scope == "faults"])
    fact(f"{len(arrived)} of 5 spans and {logs} of 1 log record received, {'a' if traceback else 'no'} traceback")
    assert not traceback
    assert len(arrived) == 5
    assert logs == 1 or "logs" not in bench.agent.signals


def test_f11_sigkill_loses_no_more_than_a_second(bench: Bench, fact: Fact) -> None:
    """At random times, 1,000 spans in a second: at most what was made in one delay, and one batch in flight."""
    random_ = random.Random(11)
    losses = []
    for seed in range(50 if bench.full else 3):
        counter = bench.folder / f"counter{seed}"
        counter.write_bytes(bytes(8))
        with Sink() as sink:
            with bench.started("python", str(PROGRAMS / "under_load.py"), str(counter), to=sink) as process:
                assert sink.wait_for(lambda sink: len(sink.spans) > 100), bench.log()
                time.sleep(random_.uniform(0.5, 2.0))
                process.kill()
                process.wait()
            made = int.from_bytes(counter.read_bytes(), "little")
            eventually(lambda: sink.released.is_set(), 0.3)  # what was on its way
            losses.append(made - len(received(sink)))
    fact(f"lost {min(losses)} to {max(losses)} of {1000} spans per second")
    assert max(losses) <= 1000 + 512 + 250


def test_f12_uwsgi_workers_send_everything(bench: Bench, sink: Sink, fact: Fact) -> None:
    """lazy-apps, die-on-term, and no --enable-threads: there the thread that sends cannot run."""
    if shutil.which("uwsgi", path=bench.agent.environment("")["PATH"]) is None:
        missing("uwsgi")
    options = (
        "--http-socket",
        "127.0.0.1:PORT",
        "--wsgi-file",
        "wsgi.py",
        "--master",
        "-p",
        "4",
        "--lazy-apps",
        "--die-on-term",
    )
    results = []
    for threads in (("--enable-threads",), ()):
        with Sink() as one, serving(bench, one, "uwsgi", *options, *threads, PYTHONHOME="") as (process, port):
            for _ in range(100):
                assert answers(port)
            # A worker that is told to end before it has logged its request leaves without Python's exit.
            assert eventually(lambda: bench.log().count("=> generated") > 100, 10), bench.log()
            status, seconds = stop(process)
            log = bench.log()
            results.append((len(received(one)), status, seconds, "segmentation" in log.lower() or "Traceback" in log))
    fact(
        "; ".join(
            f"{number} of 1,010 or more received, stopped in {seconds:.1f} s" for number, _, seconds, _ in results
        )
    )
    for number, status, seconds, broken in results:
        assert not broken
        assert status == 0
        assert seconds < EXIT_BUDGET + SLACK
        assert number >= 1010


@pytest.mark.parametrize("when", ["before", "after"])
def test_f13_greenlets_lose_nothing(bench: Bench, sink: Sink, when: str, fact: Fact) -> None:
    run = bench.run("greenlets.py", when, to=sink)
    created = 210 + 10 * (when == "after")
    fact(f"patched {when}: {len(received(sink))} of {created} received")
    balance(run, created, len(received(sink)))
    assert len(received(sink)) == created
    assert "Traceback" not in run.err


def test_f13_gunicorn_with_gevent_loses_nothing(bench: Bench, sink: Sink, fact: Fact) -> None:
    with serving(bench, sink, *GUNICORN, "-w", "2", "-k", "gevent", "web:app") as (process, port):
        wrong = load(port, 500, clients=8)
        status, _ = stop(process)
    arrived = received(sink)
    fact(f"gunicorn -k gevent: {len(arrived):,} of 5,000 received")
    assert not wrong
    assert status == 0
    assert len(arrived) == 5000
    assert "Traceback" not in bench.log()


def test_f14_signal_handlers_may_call_the_api(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("signal_storm.py", "10" if bench.full else "3", to=sink, watchdog=30)
    fact(f"{run['rung']:,} signals, longest stall {run['longest'] * 1000:.0f} ms")
    assert run["rung"] > 200
    assert run["longest"] < 2
    balance(run, run["made"], len(received(sink)))


def test_f15_values_and_garbage_may_call_the_api(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("reentry.py", to=sink, watchdog=30)
    names = [span.name for span in by_hand(sink)]
    fact(f"no stall; {names.count('work')} of 70, and {names.count('from del')} of 50 by `__del__` received")
    assert names.count("work") == 70
    assert names.count("from del") == 50
    balance(run, len(names), len(received(sink)))
