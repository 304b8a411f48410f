"""What is put into records, and how much of it: values, labels, years of work (F33, F43, F45)."""

from __future__ import annotations

from servers.sink import Sink

from faults.conftest import Fact
from faults.harness import Bench, balance, received

MIB = 1 << 20


def test_f33_hostile_values_neither_raise_nor_take_others_with_them(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run_alone("hostile_values.py", to=sink)
    arrived = len(received(sink))
    fact(
        f"{run['failures']} exceptions in the application, {arrived} of {run['made']} spans received, slowest call {run['longest'] * 1000:.0f} ms"
    )
    assert run.status == 0, run.err[-2000:]
    assert run["failures"] == 0, run.all("failure")
    balance(run, run["made"], arrived)
    assert arrived == run["made"]
    assert run["longest"] < 1


def test_f43_labels_without_end_stay_within_bounds(bench: Bench, sink: Sink, fact: Fact) -> None:
    bench.needs("metrics")
    run = bench.run("labels.py", to=sink)
    counts = [metric for _, _, metric in sink.metrics if metric.name == "count"]
    points = counts[-1].sum.data_points
    total = sum(point.as_int for point in points)
    fact(f"{len(points):,} series, sum {total:,} of 50,000, memory +{run['grown'] / MIB:.0f} MiB")
    assert total == 50_000
    assert len(points) <= 2000
    assert run["grown"] < 20 * MIB


def test_f45_nothing_leaks(bench: Bench, sink: Sink, fact: Fact) -> None:
    numbers = ("100000", "1000") if bench.full else ("4000", "80")
    run = bench.run("leak.py", *numbers, to=sink)
    fact(
        f"memory +{run['grown'] / MIB:.1f} MiB for {int(numbers[0]):,} requests, {run['alive']} of {3 * int(numbers[1])} dropped objects alive"
    )
    assert run["alive"] <= 3
    assert run["grown"] < 3 * MIB
