"""What the small works cost that a span consists of, beside the stock SDK's."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.contenders import Contender
from harness.errors import BenchmarkError
from harness.figures import Figure, figure, ratio
from harness.measuring import Bench
from harness.processes import HERE, environment_of
from harness.report import fraction, table

SIDES = ("clew", "contrib")
TIMES = {
    "quick": ("--processes=1", "--values=5", "--warmups=1", "--min-time=0.02"),
    "full": ("--processes=10", "--values=5", "--warmups=2", "--min-time=0.1"),
}
TITLES = {
    "server": "a request through a WSGI application that does nothing",
    "client": "a request through an HTTP client that does nothing",
    "db": "a statement through a cursor that does nothing",
    "span": "a span by hand, 3 attributes",
    "encode": "OTLP of that span",
    "notes": "OTLP of 64 statements (clew: and their histogram)",
    "inject": "trace context into a request",
    "extract": "trace context out of a request",
    "point": "a histogram point",
    "log": "a log line",
    "lexer-new": "SQL of 500 characters, new",
    "lexer-known": "SQL of 500 characters, known",
}

#: Microseconds of one work, by its name.
Found = dict[str, Figure]

SECTION = """## Microbenchmarks

{table}

Microseconds of CPU time of all threads (pyperf; medians and quartiles), in a loop, where caches are warm; the upper
rows and the histogram point and log line with all that is sent, to a process that counts it. Of contrib: its WSGI
middleware, its transport for httpx, its wrapper of the DB-API. The SQL lexer has no counterpart there.
"""


def measure(contenders: Sequence[Contender], bench: Bench, effort: str) -> dict[str, Found]:
    compared = [contender for contender in contenders if contender.name in SIDES]
    return {contender.name: run(contender, bench, TIMES[effort]) for contender in compared}


def run(contender: Contender, bench: Bench, times: Sequence[str]) -> Found:
    python = bench.pythons[contender.name]
    environment = environment_of(contender, python, f"{bench.sink.address}/micro.{contender.name}", "on")
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "micro.json")
        options = [*times, "--quiet", f"--inherit-environ={','.join(environment)}", "-o", output]
        command = [str(python), "micro.py", contender.name, *options]
        done = subprocess.run(command, env=environment, cwd=HERE, capture_output=True, text=True)
        if done.returncode:
            raise BenchmarkError(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stderr[-1500:]}")
        return parse(json.loads(Path(output).read_text()))


def parse(suite: Mapping[str, Any]) -> Found:
    """Reads a file of pyperf: seconds per loop, in several runs of each benchmark."""
    found = {}
    for benchmark in suite["benchmarks"]:
        name = {**suite.get("metadata", {}), **benchmark.get("metadata", {})}["name"]
        values = [value * 1e6 for run in benchmark["runs"] for value in run.get("values", ())]
        if measured := figure(values):
            found[name] = measured
    return found


def section(found: Mapping[str, Found]) -> str:
    lines = []
    for name, title in TITLES.items():
        figures = {side: found.get(side, {}).get(name) for side in SIDES}
        ratios = fraction(ratio(figures["clew"], figures["contrib"]))
        lines.append([title, *(with_spread(figures[side]) for side in SIDES), ratios])
    return SECTION.format(table=table(["work", "clew us", "contrib us", "ratio"], lines))


def with_spread(found: Figure | None) -> str:
    """With two decimals: many of these take less than a microsecond."""
    return "-" if found is None else f"{found.median:.2f} ({found.low:.2f} to {found.high:.2f})"
