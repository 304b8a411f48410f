"""Measures what a wrapper adds to the start of a program: time, memory, modules."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.contenders import Contender
from harness.errors import BenchmarkError
from harness.measuring import Bench
from harness.processes import DEADLINE, HERE, command_of, environment_of


@dataclass(frozen=True)
class Start:
    """One program whose start is measured; `mode` is one of the modes of a contender."""

    name: str
    title: str
    script: str
    mode: str = "on"


STARTS = (
    Start("empty", "empty script", "pass"),
    Start("flask", "import flask", "import flask"),
    Start("off", "empty script, switched off", "pass", mode="off"),
)

LIBRARIES = (
    *("flask", "werkzeug", "fastapi", "starlette", "django", "aiohttp", "tornado", "falcon", "pyramid", "bottle"),
    *("quart", "litestar", "sanic", "requests", "urllib3", "httpx", "sqlite3", "psycopg", "asyncpg", "sqlalchemy"),
    *("redis", "pymongo"),
)

LOOK = f"""
import sys, os
modules = set(sys.modules)
with open("/proc/self/statm") as statm:
    resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
files = ["/proc/self/fd/" + number for number in os.listdir("/proc/self/fd")]
links = [os.readlink(file) for file in files if os.path.islink(file)]
import json
print(json.dumps({{
    "modules": len(modules),
    "libraries": sorted(modules & set({LIBRARIES!r})),
    "resident": resident,
    "threads": len(os.listdir("/proc/self/task")),
    "sockets": sum(link.startswith("socket:") for link in links),
}}))
"""
"""Appended to a script to see its process from within: modules and memory before anything is imported to tell them."""


@dataclass
class StartResult:
    """What one contender needed for one start."""

    wall: list[float] = field(default_factory=list)  # milliseconds from fork to exit, one entry per run
    cpu: list[float] = field(default_factory=list)  # milliseconds of all threads
    resident: list[float] = field(default_factory=list)  # MB after the script
    modules: int = 0
    libraries: list[str] = field(default_factory=list)
    threads: int = 0
    sockets: int = 0
    complaint: str = ""


def measure_start(start: Start, contenders: Sequence[Contender], bench: Bench, runs: int) -> dict[str, StartResult]:
    """Results by the name of the contender; the first run of each, which compiles and fills caches, is thrown away."""
    results = {contender.name: StartResult() for contender in contenders}
    for number in range(runs + 1):
        shift = number % len(contenders)
        for contender in [*contenders[shift:], *contenders[:shift]]:
            result = results[contender.name]
            if not result.complaint:
                try:
                    run_once(start, contender, bench, result if number else StartResult())
                except BenchmarkError as failure:
                    result.complaint = str(failure)
    return results


def run_once(start: Start, contender: Contender, bench: Bench, result: StartResult) -> None:
    python = bench.pythons[contender.name]
    environment = environment_of(contender, python, f"{bench.sink.address}/start.{contender.name}", start.mode)
    plain = command_of(contender, python, ["-c", start.script])
    began = time.perf_counter()
    process = subprocess.Popen(
        plain, env=environment, cwd=HERE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    result.wall.append((time.perf_counter() - began) * 1e3)
    result.cpu.append((usage.ru_utime + usage.ru_stime) * 1e3)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchmarkError(f"{' '.join(plain)} ended with {process.returncode}")
    looked = look(command_of(contender, python, ["-c", start.script + LOOK]), environment)
    result.resident.append(looked["resident"] / 1e6)
    result.modules, result.libraries = looked["modules"], looked["libraries"]
    result.threads, result.sockets = looked["threads"], looked["sockets"]


def look(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        command, env=environment, cwd=HERE, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE
    )
    if done.returncode or not done.stdout:
        raise BenchmarkError(f"{' '.join(command[:3])} ... ended with {done.returncode}:\n{done.stderr[-800:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
