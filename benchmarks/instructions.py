"""Counts the instructions that clew adds to an operation, and fails when there are more than a row allows.

Instructions do not depend on what else a machine does, so this is what CI watches. Needs valgrind; runs in an
environment where clew and the libraries are installed (`nox -s instructions`). The limits are shares of what the
operation itself takes, because that is what stays the same from one build of Python to another.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from harness.contenders import BARE, CLEW, Contender
from harness.errors import BenchmarkError
from harness.processes import Server, Worker, command_of, environment_of
from harness.rows import ROWS, Row

#: Row -> the most that clew may add, as a share of the operation's own instructions; 1.3 times what was measured.
LIMITS = {"flask-query": 0.75, "fastapi": 0.4, "requests": 0.15}
WARM_UP, COUNTED = 150, 300  # operations
#: Counting is switched on when the caches are full: start-up and imports would take minutes.
VALGRIND = (
    "valgrind",
    "--tool=callgrind",
    "--callgrind-out-file=/dev/null",
    "--trace-children=yes",
    "--instr-atstart=no",
)
SELDOM = {"OTEL_BSP_SCHEDULE_DELAY": "100000", "OTEL_BLRP_SCHEDULE_DELAY": "100000"}  # rounds of the worker are noise


def main() -> int:
    if shutil.which(VALGRIND[0]) is None:
        raise BenchmarkError("valgrind is missing: apt-get install valgrind")
    dear = 0
    with servers() as environment, ThreadPoolExecutor(2) as pool:
        for row in (row for row in ROWS if row.name in LIMITS):
            bare, clew = pool.map(lambda one, row=row: count(row, one, environment), (BARE, CLEW))
            share, limit = (clew - bare) / bare, LIMITS[row.name]
            verdict = "" if share <= limit else f": more than {limit:.2f}"
            added = f"{bare / 1e3:.0f}k instructions, clew adds {(clew - bare) / 1e3:.0f}k"
            print(f"{row.title}: {added}, {share:.2f}{verdict}")
            dear += share > limit
    return int(dear > 0)


@contextmanager
def servers() -> Iterator[dict[str, str]]:
    sink, upstream = Server("sink.py"), Server("upstream.py")
    try:
        yield {"endpoint": f"{sink.address}/instructions", "BENCH_UPSTREAM": upstream.address}
    finally:
        sink.stop()
        upstream.stop()


def count(row: Row, contender: Contender, environment: dict[str, str]) -> float:
    """The instructions of one operation, those of all threads and of sending included."""
    python = Path(sys.executable)
    command = [*VALGRIND, *command_of(contender, python, ["worker.py", row.application])]
    own = environment_of(contender, python, environment["endpoint"], row.mode)
    worker = Worker(command, {**own, **environment, **(SELDOM if contender is CLEW else {})})
    worker.run(WARM_UP)
    worker.obey({"do": "freeze"})  # a collection of all that was imported comes once in thousands of operations
    switch("on", worker)
    worker.run(COUNTED)
    switch("off", worker)
    collected = re.findall(r"Collected : (\d+)", worker.stop())
    if not any(map(int, collected)):
        raise BenchmarkError(f"valgrind has counted nothing for {row.name}")
    return sum(map(int, collected)) / COUNTED


def switch(state: str, worker: Worker) -> None:
    subprocess.run(["callgrind_control", "-i", state, str(worker.process.pid)], check=True, capture_output=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchmarkError as failure:
        sys.exit(str(failure))
