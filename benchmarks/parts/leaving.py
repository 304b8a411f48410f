"""How long a process takes to end that still has spans to send."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from harness.contenders import Contender
from harness.errors import BenchmarkError
from harness.measuring import Bench
from harness.processes import HERE, command_of, environment_of, wait_for
from harness.report import table

APPLICATION, SPANS = "flask_hello", 500
RUNS = {"quick": 3, "full": 9}

SECTION = """## End of a program

{table}

Seconds from the last line of a program, which has just answered {spans} requests, to the end of its process; the
longest in brackets. *Silent*: a collector that accepts connections and never answers. *Threads*: before the end,
beside those of bare.
"""


@dataclass
class Left:
    """What one contender's processes did, one entry per run."""

    reachable: list[float] = field(default_factory=list)  # seconds
    silent: list[float] = field(default_factory=list)
    threads: int = 0
    sent: int = 0
    runs: int = 0


def measure(contenders: Sequence[Contender], bench: Bench, effort: str) -> dict[str, Left]:
    found = {contender.name: Left() for contender in contenders}
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as silent:  # the kernel takes what nobody accepts
        nowhere = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for _ in range(RUNS[effort]):
            for contender in contenders:
                left = found[contender.name]
                left.reachable.append(leave(contender, bench, f"{bench.sink.address}/exit.{contender.name}", left))
        for contender in contenders:  # some take a minute: once is enough
            found[contender.name].silent.append(leave(contender, bench, f"{nowhere}/exit", Left()))
    for name, left in found.items():
        left.runs = RUNS[effort]
        left.sent = bench.sink.counts(f"exit.{name}")["spans"]
    return found


def leave(contender: Contender, bench: Bench, endpoint: str, left: Left) -> float:
    """Seconds from the program's last line to the end of its process, which is killed when it takes minutes."""
    python = bench.pythons[contender.name]
    command = command_of(contender, python, ["leave.py", APPLICATION, str(SPANS)])
    environment = environment_of(contender, python, endpoint, "on")
    process = subprocess.Popen(
        command, env=environment, cwd=HERE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
        wait_for(process)
    ended = time.clock_gettime(time.CLOCK_MONOTONIC)
    if not line:
        raise BenchmarkError(f"{' '.join(command)} ended with {process.returncode} before it was done")
    answer = json.loads(line)
    left.threads = answer["threads"]
    return float(ended - answer["left"])


def section(found: Mapping[str, Left]) -> str:
    lines = [[name, *cells(left, found["bare"])] for name, left in found.items()]
    heads = ["contender", "reachable s", "spans expected", "received", "silent s", "threads"]
    return SECTION.format(table=table(heads, lines), spans=SPANS)


def cells(left: Left, bare: Left) -> list[str]:
    spans = ["", ""] if left is bare else [str(SPANS * left.runs), str(left.sent)]
    return [seconds(left.reachable), *spans, seconds(left.silent), str(left.threads - bare.threads)]


def seconds(samples: Sequence[float]) -> str:
    longest = f" ({max(samples):.2f})" if len(samples) > 1 else ""
    return f"{median(samples):.2f}{longest}"
