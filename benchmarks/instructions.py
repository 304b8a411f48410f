"""Counts the instructions that clew adds to an operation, and fails when there are more than a row allows.

Instructions do not depend on what else a machine does, so this is what CI watches. Needs valgrind; runs in an
environment where clew and the libraries are installed (`nox -s instructions`). The limits are shares of what the
operation itself takes, because that is what stays the same from one build of Python to another.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from harness import valgrind
from harness.contenders import BARE, CLEW, Contender
from harness.errors import BenchmarkError
from harness.processes import Server, command_of, environment_of
from harness.rows import ROWS, Row

#: Row -> the most that clew may add, as a share of the operation's own instructions; 1.3 times what was measured.
LIMITS = {"flask-query": 0.75, "fastapi": 0.4, "requests": 0.15}
COUNTED = 300  # operations


def main() -> int:
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
    command = command_of(contender, python, ["worker.py", row.application])
    own = environment_of(contender, python, environment["endpoint"], row.mode)
    seldom = valgrind.SELDOM if contender is CLEW else {}
    return valgrind.count(command, {**own, **environment, **seldom}, COUNTED)[0]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchmarkError as failure:
        sys.exit(str(failure))
