"""Where the time of one row goes: samples of the main thread's stack, and the profiler's counts of calls."""

from __future__ import annotations

from typing import Any

from harness.contenders import Contender
from harness.measuring import WARM_UP, Bench, start
from harness.rows import Row

SECONDS = 8.0  # of CPU time under the sampler, some 250 samples each where the kernel ticks 250 times a second
LINES = 45


def report(row: Row, contender: Contender, bench: Bench) -> str:
    """Runs the row's application under the contender's wrapper and says which functions took how long."""
    worker = start(row, contender, bench, "profile")
    try:
        for count in WARM_UP:
            worker.run(count)
        plain = worker.run(row.operations * 2)
        each, main = (plain[name] / (row.operations * 2) * 1e6 for name in ("cpu", "main"))
        sampled = worker.obey({"do": "sample", "count": int(SECONDS * 1e6 / each)})
        counted = worker.obey({"do": "profile", "count": row.operations})
    finally:
        worker.stop()
    ours = sum(sampled["itself"].values())
    return (
        f"{row.title}, {contender.title}: {each:.1f} us of CPU time each, {main:.1f} of them in the main thread\n\n"
        f"Telemetry's own functions in {sampled['samples']} samples of the main thread: us each in the function itself "
        f"and with what it calls; {ours * main / max(sampled['samples'], 1):.1f} us in all of them\n"
        f"{sampled_lines(sampled, main)}\n\n"
        f"Calls counted by cProfile (its times are inflated): calls each, us in itself, us with what it calls\n"
        f"{counted['table']}\n"
    )


def sampled_lines(sampled: dict[str, Any], main: float) -> str:
    share = main / max(sampled["samples"], 1)
    lines = [
        f"{count * share:8.1f} {sampled['within'].get(name, count) * share:8.1f}  {name}"
        for name, count in list(sampled["itself"].items())[:LINES]
    ]
    return "\n".join(lines)
