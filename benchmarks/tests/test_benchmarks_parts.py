"""What the parts beside the operations read from other programs, and make of their figures."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness import resting, valgrind
from harness.errors import BenchmarkError
from harness.rows import ROWS
from parts import caches, growth, leaving, load, memory, micro

WRK = """Running 4s test @ http://127.0.0.1:36451/hello/7
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   756.80ms  791.08ms   1.92s    76.47%
    Req/Sec    87.00    117.38   170.00    100.00%
  Latency Distribution
     50%  512.00us
     75%    1.24s 
     90%    1.89s 
     99%    1.92s 
  26 requests in 2.04s, 5.75KB read
"""  # noqa: W291 - wrk pads what it prints
RATE = "Requests/sec:     12.75\nTransfer/sec:      2.82KB\n"


def test_what_wrk_prints_is_read_in_milliseconds():
    assert load.parse(WRK + RATE) == load.Answered(26, 12.75, 0.512, 1920.0, 0)


def test_answers_that_are_errors_and_broken_sockets_are_counted_as_failed():
    errors = "  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 5\n"
    assert load.parse(WRK + errors + RATE).failed == 15


@pytest.mark.parametrize("text", ["", WRK, RATE, (WRK + RATE).replace("99%", "98%")])
def test_what_wrk_does_not_print_is_an_error(text):
    with pytest.raises(BenchmarkError, match="not what wrk"):
        load.parse(text)


def test_spans_that_answered_requests_must_have_are_lost_when_they_do_not_arrive():
    rounds = [load.Answered(50, rate, 1.0, 9.0, 0) for rate in (90.0, 100.0, 400.0)]
    service = load.Service("", None, None, requests=200, rounds=rounds, spans=397)  # type: ignore[arg-type]
    assert load.cells(service, bare=200.0, followed=True) == ["100", "0.50", "1.0", "9.0", "0", "200", "397", "3"]
    service.spans = 402  # of requests that wrk left unread
    assert load.cells(service, bare=200.0, followed=True)[-1] == "0"


def test_growth_is_what_a_span_adds_at_the_last_size_by_what_it_adds_at_the_first():
    axis = growth.Axis("routes", "growth.routes")
    samples = {}
    for size, bare, clew in ((10, 50.0, 60.0), (1000, 50.0, 65.0), (10_000, 70.0, 95.0)):
        samples["bare", size], samples["clew", size] = [bare, 2 * bare], [clew, 2 * bare + clew - bare]
    text = growth.section([(axis, samples)])
    assert [cell.strip() for cell in text.splitlines()[4].split("|")][1:-1] == [
        "routes", "clew", "10.0", "15.0", "25.0", "2.50",
    ]  # fmt: skip


@pytest.mark.parametrize("axis", growth.AXES, ids=lambda axis: axis.application)
def test_all_sizes_of_an_axis_make_as_many_spans(axis):
    """A round must hold whole cycles of what is distinct, or whole traces."""
    for size in axis.sizes:
        assert growth.operations(axis, size) * (size if axis.operations == 0 else 1) in (growth.MANY, axis.operations)


def test_runs_of_pyperf_without_values_are_its_calibration():
    suite = {
        "metadata": {"unit": "second"},
        "benchmarks": [
            {
                "metadata": {"name": "db"},
                "runs": [{"warmups": [[1, 9.0]]}, {"values": [2e-6, 4e-6]}, {"values": [3e-6]}],
            }
        ],
    }
    assert micro.parse(suite)["db"].median == pytest.approx(3.0)


def test_the_name_of_a_lonely_benchmark_of_pyperf_stands_beside_it():
    suite = {"metadata": {"name": "db"}, "benchmarks": [{"runs": [{"values": [1e-6]}]}]}
    assert micro.parse(suite)["db"].median == pytest.approx(1.0)


def test_what_only_clew_does_has_no_ratio():
    clew = micro.parse({"metadata": {"name": "lexer-new"}, "benchmarks": [{"runs": [{"values": [1e-5]}]}]})
    line = next(line for line in micro.section({"clew": clew, "contrib": {}}).splitlines() if "new" in line)
    assert line.split("|")[2].strip().startswith("10.00")
    assert [cell.strip() for cell in line.split("|")[3:5]] == ["-", "-"]


def test_memory_grows_from_half_of_the_requests_to_all_of_them():
    megabytes = [int(size * 1e6) for size in (40, 41, 42, 44)]
    assert memory.cells(megabytes, [30_000_000] * 4) == ["40.0", "41.0", "44.0", "3.0", "14.0"]


def test_the_longest_exit_is_told_beside_the_middle_one():
    bare = leaving.Left([0.1], [0.1], threads=1, runs=1)
    left = leaving.Left([0.3, 0.2, 2.0], [5.4], threads=2, sent=1490, runs=3)
    assert leaving.cells(left, bare) == ["0.30 (2.00)", "1500", "1490", "5.40", "1"]


def test_of_what_valgrind_collects_the_processes_that_did_something_are_summed_up():
    printed = "==7== Collected : 0 0 0\n==8== Collected : 400 20 10\n==9== Collected : 200 0 30\n"
    assert valgrind.collected(printed, operations=10) == [60.0, 2.0, 4.0]
    with pytest.raises(BenchmarkError, match="counted nothing"):
        valgrind.collected("==7== Collected : 0\n", operations=10)


def test_what_missed_the_caches_is_told_on_top_of_bare():
    bare, clew = caches.counts([1000, 9, 9, 1, 2, 3, 1, 1, 1]), caches.counts([3000, 9, 9, 4, 4, 4, 2, 3, 4])
    text = caches.section([(ROWS[0], {"bare": bare, "clew": clew})])
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[4:6]]
    assert cells == [
        [ROWS[0].title, "bare", "1,000", "6", "3", "3.0"],
        [ROWS[0].title, "clew", "2,000", "6", "6", "3.0"],
    ]


def test_a_turn_waits_until_the_machine_is_at_rest(monkeypatch: pytest.MonkeyPatch):
    seconds = iter([10.0, 10.4, 10.4, 10.41, 10.9, 10.9, 10.9, 10.9])
    monkeypatch.setattr(resting, "LOOK", 0.001)
    monkeypatch.setattr(resting, "BUSY", 50)  # of so short a look
    monkeypatch.setattr(resting, "running", lambda: next(seconds))
    assert resting.rest()
    assert list(seconds) == []


def test_a_machine_that_never_rests_is_not_waited_for_in_vain(monkeypatch: pytest.MonkeyPatch):
    seconds = iter(range(1000))
    monkeypatch.setattr(resting, "LOOK", 0.001)
    monkeypatch.setattr(resting, "PATIENCE", 0.01)
    monkeypatch.setattr(resting, "running", lambda: float(next(seconds)))
    assert not resting.rest()
