"""Measures one row: all contenders take turns, round by round, so that whatever the machine does hits all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.contenders import Contender
from harness.errors import BenchmarkError
from harness.processes import Server, Worker, command_of, environment_of
from harness.rows import Row

WARM_UP = (50, 150, 300)  # operations; the first ones import, compile and fill caches
UNHURRIED = 100  # operations whose spans any queue holds: they show how many spans one operation has


@dataclass
class Result:
    """What one contender needed for one row."""

    cpu: list[float] = field(default_factory=list)  # microseconds of all threads per operation, one entry per round
    main: list[float] = field(default_factory=list)  # the main thread's part of it
    operations: int = 0
    spans_each: float = 0.0
    spans: int = 0
    twice: int = 0
    points: int = 0
    logs: int = 0
    resident: int = 0  # bytes, after the last round
    complaint: str = ""  # why there are no figures, or the last lines on standard error

    def join(self, other: Result) -> None:
        """Adds what another process of the same contender measured in the same row."""
        self.cpu += other.cpu
        self.main += other.main
        self.operations += other.operations
        self.spans_each = max(self.spans_each, other.spans_each)
        self.spans += other.spans
        self.twice += other.twice
        self.points += other.points
        self.logs += other.logs
        self.resident = max(self.resident, other.resident)
        self.complaint = self.complaint or other.complaint

    @property
    def expected(self) -> int:
        return round(self.spans_each * self.operations)

    @property
    def lost(self) -> int:
        return self.expected - self.spans


def complete(row: Row, result: Result) -> bool:
    """Whether the work was done with all the telemetry that the row asks for; less telemetry costs less."""
    if not result.cpu or row.mode == "off":
        return bool(result.cpu)
    whole = result.points > 0 and result.logs >= row.logs * result.operations
    if row.mode == "unsampled":
        return whole and result.spans > 0
    return whole and result.spans_each >= row.spans and result.lost == 0


def followed(row: Row, result: Result) -> bool:
    """Whether an agent has recorded all that a trace of the row consists of; one that looks away is cheap."""
    return bool(result.cpu) and result.spans_each >= row.spans


@dataclass(frozen=True)
class Bench:
    """Where the measurements happen."""

    pythons: Mapping[str, Path]
    sink: Server
    servers: Mapping[str, str]  # environment variables that tell the applications where their servers are


@dataclass
class Entry:
    """One contender's worker in one row, and its ledger at the sink."""

    contender: Contender
    worker: Worker
    sender: str
    before: dict[str, int]
    result: Result


def measure(row: Row, contenders: Sequence[Contender], bench: Bench, rounds: int, generation: int) -> dict[str, Result]:
    """Results of one generation of processes by the name of the contender; one that fails has a complaint only."""
    results = {contender.name: Result() for contender in contenders}
    entries = []
    try:
        for contender in contenders:
            try:
                entries.append(enter(row, contender, bench, f"{row.name}.{contender.name}.{generation}"))
            except BenchmarkError as failure:
                results[contender.name].complaint = str(failure)
        take_turns(entries, row.operations, rounds)
    finally:
        for entry in entries:
            complaints = entry.worker.stop()
            settle_account(entry, bench.sink, complaints)
            results[entry.contender.name] = entry.result
    return results


def start(row: Row, contender: Contender, bench: Bench, sender: str) -> Worker:
    """The measured process of a row, whose spans the sink counts under the sender's name."""
    return start_application(contender, bench, row.application, sender, row.mode, **dict(row.environment))


def start_application(
    contender: Contender, bench: Bench, application: str, sender: str, mode: str = "on", **environment: str
) -> Worker:
    python = bench.pythons[contender.name]
    own = environment_of(contender, python, f"{bench.sink.address}/{sender}", mode)
    return Worker(command_of(contender, python, ["worker.py", application]), {**own, **bench.servers, **environment})


def enter(row: Row, contender: Contender, bench: Bench, sender: str) -> Entry:
    worker = start(row, contender, bench, sender)
    for count in WARM_UP:
        worker.run(count)
    before = bench.sink.counts(sender)
    worker.run(UNHURRIED)
    after = bench.sink.counts(sender)
    each = (after["spans"] - before["spans"]) / UNHURRIED
    return Entry(contender, worker, sender, after, Result(spans_each=each if row.mode == "on" else 0.0))


def take_turns(entries: list[Entry], operations: int, rounds: int) -> None:
    for number in range(rounds):
        able = [entry for entry in entries if not entry.result.complaint]
        shift = number % max(len(able), 1)
        for entry in able[shift:] + able[:shift]:
            try:
                answer = entry.worker.run(operations)
            except BenchmarkError as failure:
                entry.result.complaint = str(failure)
                continue
            entry.result.cpu.append(answer["cpu"] / operations * 1e6)
            entry.result.main.append(answer["main"] / operations * 1e6)
            entry.result.resident = answer["rss"]
            entry.result.operations += operations


def settle_account(entry: Entry, sink: Server, complaints: str) -> None:
    """Compares with the sink, once the worker has ended and so has sent all that it ever will."""
    counts, before, result = sink.counts(entry.sender), entry.before, entry.result
    result.spans, result.twice = counts["spans"] - before["spans"], counts["twice"] - before["twice"]
    result.points, result.logs = counts["points"] - before["points"], counts["logs"] - before["logs"]
    result.complaint = result.complaint or "\n".join(complaints.strip().splitlines()[-5:])
