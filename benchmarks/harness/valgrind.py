"""Counts what one operation costs a processor, by valgrind: nothing else that the machine does is in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence

from harness.contenders import Contender
from harness.errors import BenchmarkError
from harness.measuring import Bench
from harness.processes import Worker, command_of, environment_of
from harness.rows import Row

WARM_UP = 150  # operations
ADVICE = "valgrind is missing: apt-get install valgrind"
#: Counting is switched on when the caches are full: start-up and imports would take minutes.
COMMAND = (
    "valgrind",
    "--tool=callgrind",
    "--callgrind-out-file=/dev/null",
    "--trace-children=yes",
    "--instr-atstart=no",
)
SELDOM = {"OTEL_BSP_SCHEDULE_DELAY": "100000", "OTEL_BLRP_SCHEDULE_DELAY": "100000"}  # rounds of the worker are noise


def count(row: Row, contender: Contender, bench: Bench, operations: int, options: Sequence[str] = ()) -> list[float]:
    """What callgrind collects of one operation, all threads and sending included: instructions, by its options more.
    BenchmarkError when there is no valgrind, or nothing to count."""
    if shutil.which(COMMAND[0]) is None:
        raise BenchmarkError(ADVICE)
    python = bench.pythons[contender.name]
    command = command_of(contender, python, ["worker.py", row.application])
    own = environment_of(contender, python, f"{bench.sink.address}/valgrind.{row.name}.{contender.name}", row.mode)
    worker = Worker([*COMMAND, *options, *command], {**own, **bench.servers, **dict(row.environment), **SELDOM})
    worker.run(WARM_UP)
    worker.obey({"do": "freeze"})  # a collection of all that was imported comes once in thousands of operations
    _switch("on", worker)
    worker.run(operations)
    _switch("off", worker)
    return collected(worker.stop(), operations)


def collected(text: str, operations: int) -> list[float]:
    """Of each kind of event the sum over all processes, by the operations; read from what valgrind prints."""
    processes = [list(map(int, line.split())) for line in re.findall(r"Collected : ([\d ]+)", text)]
    counting = [events for events in processes if any(events)]
    if not counting:
        raise BenchmarkError(f"valgrind has counted nothing:\n{text[-2000:]}")
    return [sum(events) / operations for events in zip(*counting, strict=True)]


def _switch(state: str, worker: Worker) -> None:
    subprocess.run(["callgrind_control", "-i", state, str(worker.process.pid)], check=True, capture_output=True)
