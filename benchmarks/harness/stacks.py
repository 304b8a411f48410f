"""The worker's side of a profile: samples of its main thread's stack, and counts of calls."""

from __future__ import annotations

import cProfile
import os
import pstats
import signal
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

INTERVAL = 0.001  # seconds of CPU time between two samples; the kernel may round it up to its tick
LINES = 45
TELEMETRY = ("clew", "opentelemetry")  # how the packages begin whose functions are listed


def sample(work: Callable[[], None]) -> dict[str, Any]:
    """A signal after each millisecond of CPU time looks where the main thread is."""
    itself: Counter[str] = Counter()
    within: Counter[str] = Counter()

    def look(number: int, frame: FrameType | None) -> None:
        if frame is None:
            return
        itself[name_of(frame)] += 1
        names = set()
        above: FrameType | None = frame
        while above is not None:
            names.add(name_of(above))
            above = above.f_back
        within.update(names)

    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    try:
        work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    ours = {name: count for name, count in itself.most_common() if name.startswith(TELEMETRY)}
    return {"samples": sum(itself.values()), "itself": ours, "within": {name: within[name] for name in ours}}


def name_of(frame: FrameType) -> str:
    code = frame.f_code
    return f"{shortened(code.co_filename)}:{code.co_firstlineno} {getattr(code, 'co_qualname', code.co_name)}"


def shortened(path: str) -> str:
    for mark in ("/site-packages/", "/src/", "/benchmarks/"):
        if mark in path:
            return path.rpartition(mark)[2]
    return os.sep.join(path.split(os.sep)[-2:])


def count(work: Callable[[], None], operations: int) -> dict[str, Any]:
    """Counts the calls of the main thread."""
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        work()
    finally:
        profiler.disable()
    stats = pstats.Stats(profiler)
    functions = sorted(stats.stats.items(), key=lambda item: item[1][2], reverse=True)  # type: ignore[attr-defined]
    lines = [
        f"{calls / operations:8.2f} {own / operations * 1e6:8.1f} {total / operations * 1e6:8.1f}  "
        f"{shortened(file)}:{line} {name}"
        for (file, line, name), (_, calls, own, total, _) in functions[:LINES]
    ]
    return {"table": "\n".join(lines)}
