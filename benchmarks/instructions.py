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
from harness.contenders import BARE, CLEW
from harness.errors import BenchmarkError
from harness.measuring import Bench
from harness.processes import Server
from harness.rows import ROWS

#: Row -> the most that clew may add, as a share of the operation's own instructions; 1.3 times what was measured.
LIMITS = {"flask-query": 0.75, "fastapi": 0.4, "requests": 0.15}
COUNTED = 300  # operations


def main() -> int:
    dear = 0
    with opened() as bench, ThreadPoolExecutor(2) as pool:
        for row in (row for row in ROWS if row.name in LIMITS):
            both = pool.map(lambda one, row=row: valgrind.count(row, one, bench, COUNTED), (BARE, CLEW))
            (bare,), (clew,) = both
            share, limit = (clew - bare) / bare, LIMITS[row.name]
            verdict = "" if share <= limit else f": more than {limit:.2f}"
            added = f"{bare / 1e3:.0f}k instructions, clew adds {(clew - bare) / 1e3:.0f}k"
            print(f"{row.title}: {added}, {share:.2f}{verdict}")
            dear += share > limit
    return int(dear > 0)


@contextmanager
def opened() -> Iterator[Bench]:
    """The servers, and this environment for both."""
    sink, upstream = Server("sink.py"), Server("upstream.py")
    python = Path(sys.executable)
    try:
        yield Bench({BARE.name: python, CLEW.name: python}, sink, {"BENCH_UPSTREAM": upstream.address})
    finally:
        sink.stop()
        upstream.stop()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchmarkError as failure:
        sys.exit(str(failure))
