"""Minutes at a high rate while the collector goes through its faults: memory, threads and descriptors stay flat, and the
books are exact. `python -m faults.soak [SECONDS] [SPANS PER SECOND]`"""

from __future__ import annotations

import itertools
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from servers.sink import Sink

from faults.agents import CLEW
from faults.harness import Run, execute

MIB = 1 << 20
TURN = 6.0  # seconds that the collector behaves in one way
FAULTS: list[tuple[str, list[Any]]] = [
    ("ok", ["ok"]),
    ("503", [503, (503, {"Retry-After": "1"}), "ok"]),
    ("reset", ["reset", "ok"]),
    ("ok", ["ok"]),
    ("refuse", []),
    ("garbage", ["garbage", "ok"]),
    ("stale", ["ok, close"]),
    ("hang", ["hang", "ok"]),
    ("ok", ["ok"]),
    ("partial", [("partial", 7), "ok"]),
    ("trickle", [("trickle", 0.2), "ok"]),
    ("lost acknowledgement", ["drop", "ok"]),
    ("redirect", [(302, {"Location": "http://localhost:9/"}), "ok"]),
    ("400", [400, "ok"]),
    ("bomb", [("bomb", 50 * MIB), "ok"]),
]


class Counting(Sink):
    """Counts instead of keeping: minutes of spans are too many."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, set[bytes]] = {"/v1/traces": set()}
        self.counted = {"/v1/traces": 0, "/v1/logs": 0, "/v1/metrics": 0}

    def keep(self, path: str, body: bytes) -> int:
        number = super().keep(path, body)
        with self.changed:
            self.seen["/v1/traces"].update(span.span_id for _, _, span in self.spans)
            self.counted[path] += number
            for kept in (self.spans, self.logs, self.metrics, self.resources, self.requests, self.times):
                kept.clear()
        return number


def misbehave(sink: Sink, over: threading.Event) -> None:
    """Takes the faults in turn."""
    for name, answers in itertools.cycle(FAULTS):
        if name == "refuse":
            sink.down()
        with sink.changed:
            sink.script[:] = answers or ["ok"]
        over.wait(TURN)
        if name == "refuse":
            sink.up()
        if over.is_set():
            with sink.changed:
                sink.script[:] = ["ok"]
            return


def main(seconds: float = 600.0, rate: int = 500) -> int:
    over = threading.Event()
    with Counting() as sink, tempfile.TemporaryDirectory() as folder:
        director = threading.Thread(target=misbehave, args=(sink, over))
        director.start()
        timer = threading.Timer(seconds, over.set)
        timer.start()
        settings = {"OTEL_EXPORTER_OTLP_TIMEOUT": "2000", "OTEL_METRIC_EXPORT_INTERVAL": "5000"}
        arguments = ("soaked.py", str(seconds), str(rate))
        run = execute(CLEW, Path(folder), *arguments, to=sink, watchdog=seconds + 120, **settings)
        over.set()
        timer.cancel()
        director.join()
        return told(run, sink)


def told(run: Run, sink: Counting) -> int:
    """Prints what came of it; the exit status."""
    samples = [note for note in run.notes if "at" in note]
    settled = samples[len(samples) // 4 :]  # after the first buffers and memos are filled
    half = len(settled) // 2
    early, late = (max(note["memory"] for note in part) for part in (settled[:half], settled[half:]))
    (account,) = run.all("account")
    spans, traces = run["spans"], account["traces"]
    unique = len(sink.seen["/v1/traces"])
    lost = sum(traces["dropped"].values())
    books = traces["delivered"] + lost + traces["queued"]
    rejected = traces["dropped"].get("rejected", 0)  # which this sink has kept all the same
    checks = {
        f"memory {early / MIB:.1f} MiB, later {late / MIB:.1f} MiB": late < early + 4 * MIB,
        f"threads {sorted({note['threads'] for note in settled})}": len({note["threads"] for note in settled}) == 1,
        f"descriptors {sorted({note['descriptors'] for note in settled})}": descriptors_are_flat(settled),
        f"{spans:,} spans made, {traces['delivered']:,} delivered, dropped {traces['dropped']}, {traces['queued']} queued": books
        == spans,
        f"{unique:,} received, {sink.counted['/v1/traces'] - unique:,} twice": unique == traces["delivered"] + rejected,
        f"{run['logs']:,} log records made, {account['logs']}": created(account["logs"]) == run["logs"],
        f"status {run.status}, {len(run.err.splitlines())} lines of log": run.status == 0,
    }
    for line, right in checks.items():
        print("ok  " if right else "FAIL", line)
    if run.err:
        print(run.err[-3000:])
    return 0 if all(checks.values()) else 1


def descriptors_are_flat(settled: list[dict[str, Any]]) -> bool:
    """A connection for each signal comes and goes."""
    found = [note["descriptors"] for note in settled]
    return max(found) - min(found) <= 3


def created(account: dict[str, Any]) -> int:
    return int(account["delivered"] + sum(account["dropped"].values()) + account["queued"])


if __name__ == "__main__":
    sys.exit(main(*(kind(word) for kind, word in zip((float, int), sys.argv[1:], strict=False))))
