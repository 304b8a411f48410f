"""What the application notices of us when something goes wrong around it: nothing (F17, F31 to F48)."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import pytest
from servers.programs import eventually, free_ports
from servers.pythons import found
from servers.sink import Sink
from servers.workspace import plugins

from faults.agents import OFF
from faults.conftest import Fact, missing
from faults.harness import PROGRAMS, Bench, balance, by_hand, received, strangers
from faults.loads import answers, get

MIB = 1 << 20


def test_f17_requests_do_not_notice_a_black_holed_endpoint(bench: Bench, fact: Fact) -> None:
    """The same server with and without the agent, asked in turns, so that both see the same machine."""
    count = 500 if bench.full else 300
    plain = Bench(OFF, bench.folder)
    ports = free_ports(2)
    words = [("gunicorn", "-b", f"127.0.0.1:{port}", "--log-level", "error", "-w", "1", "web:app") for port in ports]
    with socket.create_server(("127.0.0.1", 0), backlog=64) as hole:
        url = f"http://127.0.0.1:{hole.getsockname()[1]}"
        with bench.started(*words[0], to=url) as watched, plain.started(*words[1], to="", notes="plain") as bare:
            assert eventually(lambda: all(map(answers, ports)), 40), bench.log()
            times: dict[int, list[float]] = {port: [] for port in ports}
            for number in range(count):
                for port in ports:
                    times[port].append(timed(port, number))
            for process in (watched, bare):
                process.terminate()
                process.wait(60)
    on, off = (sorted(times[port]) for port in ports)
    p99 = [series[int(count * 0.99)] * 1000 for series in (on, off)]
    fact(f"p99 {p99[0]:.1f} ms with, {p99[1]:.1f} ms without; slowest {on[-1] * 1000:.0f} ms")
    warnings = [line for line in bench.log().splitlines() if "collector" in line]
    assert on[-1] < 1  # one attempt to send takes ten times as long
    assert p99[0] < p99[1] + 50
    assert len(warnings) <= 8


def timed(port: int, number: int) -> float:
    import time

    began = time.perf_counter()
    assert get(port, f"/items/{number}")[0] == 200
    return time.perf_counter() - began


def test_f31_code_of_the_users_that_raises_changes_nothing(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("raising_hooks.py", to=sink)
    fact("a propagator that raises: all answers as without")
    balance(run, 5 + len(sink.spans) - len(received(sink)), len(sink.spans))


def test_f32_exceptions_that_cannot_be_printed_reach_the_caller(bench: Bench, sink: Sink, fact: Fact) -> None:
    bench.run("unprintable.py", to=sink)
    fact("the caller sees the type that was raised")
    assert len(received(sink)) == 4 + 1


def test_f34_processors_that_raise_do_not_reach_the_application(bench: Bench, sink: Sink, fact: Fact) -> None:
    bench.run("raising_processor.py", to=sink)
    fact(f"no exception reaches the application; {len(received(sink))} of 5 spans received")
    assert len(received(sink)) == 5


def test_f34_a_sampler_that_raises_does_not_reach_the_application(bench: Bench, sink: Sink, fact: Fact) -> None:
    """Found by its name among the entry points, as OTEL_TRACES_SAMPLER says."""
    folder = bench.folder / "plugins"
    (folder / "raising_sampler-1.dist-info").mkdir(parents=True)
    (folder / "raising_sampler-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: raising-sampler\nVersion: 1\n"
    )
    (folder / "raising_sampler-1.dist-info" / "entry_points.txt").write_text(
        "[opentelemetry_traces_sampler]\nraising = raising_sampler:make\n"
    )
    (folder / "raising_sampler.py").write_text(
        "def make(argument):\n"
        "    from opentelemetry.sdk.trace.sampling import Sampler\n"
        "    class Raising(Sampler):\n"
        "        def should_sample(self, *arguments, **named):\n            raise ZeroDivisionError\n"
        "        def get_description(self):\n            return 'raising'\n"
        "    return Raising()\n"
    )
    run = bench.run("plain.py", "10", "1", "2000", to=sink, OTEL_TRACES_SAMPLER="raising", PYTHONPATH=str(folder))
    fact(f"a sampler that raises: the application goes on, {len(received(sink))} of 10 spans received")
    assert "Traceback" not in run.err


def test_f35_a_library_that_is_not_as_expected_is_left_alone(
    bench: Bench, sink: Sink, fact: Fact, only_clew: None
) -> None:
    """Modules of the same names without anything in them: one line for each plugin, and the program runs."""
    names = sorted({library.partition(".")[0] for package in plugins() for library in package.watches})
    names = [name for name in names if name not in sys.stdlib_module_names]
    folder = bench.folder / "changed"
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("hello = 'hello'\n__version__ = '9999'\n")
    run = bench.run_alone("changed_libraries.py", ",".join(names), to=sink, PYTHONPATH=str(folder))
    lines = [line for line in run.err.splitlines() if line.strip()]
    fact(f"{len(names)} changed libraries: {len(lines)} lines, the program runs")
    assert run.status == 0
    assert run.out == "".join(f"{name} hello\n" for name in names)
    assert "Traceback" not in run.err
    assert len(lines) <= 2 * len(names)
    balance(run, 3, len(received(sink)))


def test_f36_classes_are_still_what_they_were(bench: Bench, sink: Sink, fact: Fact) -> None:
    bench.run("type_checks.py", to=sink)
    fact("isinstance, pickle, copy, signatures, subclasses: the same output")


def test_f37_what_is_signed_stays_valid_and_headers_are_set_once(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("carriers.py", to=sink)
    fact("signatures valid, headers once, the caller's mappings untouched")
    assert run["followed"]


def test_f38_streams_stay_streams(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("streams.py", "1000" if bench.full else "200", to=sink, watchdog=90)
    servers = [span for _, _, span in sink.spans if span.kind == 2]
    fact(f"the same chunks, `close()` once, memory +{run['grown'] / MIB:.0f} MiB; {len(servers)} spans for 5 requests")
    assert run["grown"] < 10 * MIB
    assert run["closed"] == ["closed"]


def test_f39_cancellation_passes_and_every_span_ends(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("cancelled.py", to=sink, watchdog=60)
    ended = [span for span in strangers(sink) if span.kind in (2, 3)]
    fact(f"1,000 tasks cancelled, {len(ended)} spans ended")
    assert len(ended) == 1000
    assert "Traceback" not in run.err


def test_f40_generators_that_are_broken_off_leave_nothing(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("broken_generators.py", to=sink)
    fact(f"{run.err.count('Traceback')} tracebacks, {len(run.err) // 1000} kB of log")
    assert run.err == ""
    balance(run, 101, len(received(sink)))


def test_f41_our_own_calls_are_not_followed(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("idle.py", "60" if bench.full else "3", to=sink)
    own = strangers(sink)
    fact(f"{len(own)} spans of the agent's own calls")
    assert not own
    assert len(received(sink)) == 5 + len(run.all("made"))


@pytest.mark.parametrize("state", ["up", "down"])
def test_f42_log_records_do_not_breed(bench: Bench, state: str, fact: Fact) -> None:
    bench.needs("logs")
    settings = {"OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true", "OTEL_BLRP_SCHEDULE_DELAY": "200"}
    with Sink("ok" if state == "up" else 503) as sink:
        run = bench.run("logging_app.py", "3", to=sink, **settings)
        sent = [path for path, _, _ in sink.requests if path == "/v1/logs"]
        records = len(sink.logs)
    fact(f"{state}: {len(sent)} export calls and {records} records for one of the application's")
    assert len(sent) <= 8
    if state == "up":
        assert 1 <= records <= 3
    assert run.err.count("\n") <= 12


def test_f44_callbacks_that_raise_do_not_take_the_others(bench: Bench, sink: Sink, fact: Fact) -> None:
    bench.needs("metrics")
    run = bench.run("observers.py", "raise", to=sink)
    names = {metric.name for _, _, metric in sink.metrics}
    fact(f"raises: received {', '.join(sorted(names & {'good', 'count'}))}")
    assert {"good", "count"} <= names
    balance(run, 20, len(received(sink)))


def test_f44_callbacks_that_hang_do_not_take_the_spans(bench: Bench, sink: Sink, fact: Fact) -> None:
    bench.needs("metrics")
    run = bench.run("observers.py", "hang", to=sink)
    fact(f"hangs: {len(received(sink))} of 20 spans received, exit {run.exit_seconds:.1f} s")
    balance(run, 20, len(received(sink)))
    assert run.exit_seconds < 7
    assert len(received(sink)) == 20


def test_f44_a_forked_child_counts_from_zero(bench: Bench, sink: Sink, fact: Fact) -> None:
    bench.needs("metrics")
    bench.run("forks.py", to=sink)
    sums: dict[str, int] = {}
    for resource, _, metric in sink.metrics:
        if metric.name == "count":
            name = str(resource.get("service.instance.id"))
            sums[name] = max(sums.get(name, 0), metric.sum.data_points[0].as_int)
    fact(f"fork: sums by instance {sorted(sums.values())}")
    assert sorted(sums.values()) == [1] * 8 + [100]


def test_f46_odd_starts_change_nothing(bench: Bench, sink: Sink, fact: Fact) -> None:
    """Options of the interpreter, another sitecustomize, a folder that cannot be written, clashing libraries."""
    clashing = bench.folder / "clashing"
    for name in ("google/protobuf", "wrapt"):
        (clashing / name).mkdir(parents=True)
        (clashing / name / "__init__.py").write_text("raise ImportError('not for you')\n")
    other = bench.folder / "other"
    other.mkdir()
    (other / "sitecustomize.py").write_text("print('their sitecustomize')\n")
    locked = bench.folder / "locked"
    locked.mkdir()
    locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
    plain = Bench(OFF, bench.folder)
    ways = {
        "-I": (("-I",), {}), "-E": (("-E",), {}), "-S": (("-S",), {}), "sitecustomize": ((), {"PYTHONPATH": str(other)}),
        "clash": ((), {"PYTHONPATH": str(clashing)}), "read-only": ((), {"HOME": str(locked), "TMPDIR": str(locked)}),
    }  # fmt: skip
    program = str(PROGRAMS / "hostile_start.py")
    different = []
    for way, (options, settings) in ways.items():
        shown = []
        for who, name in ((bench, f"with{way}"), (plain, f"without{way}")):
            with who.started(
                "python", *options, program, "a b", to=sink, notes=name, **{"PYTHONPATH": "", **settings}
            ) as process:
                shown.append((process.wait(60), who.log(name)))
        if shown[0] != shown[1]:
            different.append((way, *shown))
    fact(f"{len(ways) - len(different)} of {len(ways)} ways with identical output")
    assert not different


def test_f47_a_subinterpreter_works_or_is_refused(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("subinterpreter.py", to=sink)
    names = [span.name for span in by_hand(sink)]
    fact(
        f"subinterpreter: {names.count('work')} of 20 spans of the main one received, {names.count('inside')} of its own"
    )
    assert names.count("work") == 20
    assert "Fatal" not in run.err


def test_f47_a_free_threaded_build_stays_free_threaded(bench: Bench, fact: Fact) -> None:
    pythons = [path for path in found().values() for path in [path.with_name(f"{path.name}t")] if path.exists()]
    if not pythons:
        missing("a free-threaded Python")
    fact("free-threaded")


def test_f48_nothing_is_spooled_to_disk(bench: Bench, fact: Fact) -> None:
    """So no disk can be full, read-only or corrupt; what waits is in memory, within its budget, and counted."""
    empty = bench.folder / "empty"
    empty.mkdir()
    before = set(os.listdir(bench.folder))
    run = bench.run_alone(
        "spool.py", to="http://127.0.0.1:9", TMPDIR=str(empty), HOME=str(empty), FAULTS_EMPTY=str(empty)
    )
    left = [path for path in Path(bench.folder).rglob("*") if path.is_file() and path.parent == empty]
    fact(f"{len(left)} files written")
    assert not left
    assert len(set(os.listdir(bench.folder)) - before) == 1  # the test's own notes
    if bench.keeps_books:
        balance(run, 5000, 0)
