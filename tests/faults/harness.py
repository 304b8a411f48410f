"""Runs programs under an agent, each with a watchdog, and holds their books against what the sink received."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from servers.sink import Sink

from faults.agents import OFF, Agent

PROGRAMS = Path(__file__).parent / "programs"
WATCHDOG = 90.0
EXIT_BUDGET = 5.0
SLACK = 1.5  # seconds for the rest of an exit, on a machine that is busy with other tests


class Run:
    """A program that has ended: what it showed, and what it noted beside that."""

    def __init__(self, status: int, out: str, err: str, seconds: float, notes: list[dict[str, Any]]) -> None:
        self.status, self.out, self.err, self.seconds, self.notes = status, out, err, seconds, notes
        self.ended = time.time()

    @property
    def exit_seconds(self) -> float:
        """From the last line of the program, which notes the time, to the end of the process."""
        return float(self.ended - self["ending"])

    def __getitem__(self, name: str) -> Any:
        """The last note of this name."""
        found = self.all(name)
        assert found, f"the program noted no {name!r}; it ended with {self.status}: {self.err[-2000:]}"
        return found[-1]

    def all(self, name: str) -> list[Any]:
        return [note[name] for note in self.notes if name in note]

    def accounts(self, kind: str) -> list[dict[str, Any]]:
        """One signal's ledger, of each process that has closed its books."""
        return [account[kind] for account in self.all("account")]

    def dropped(self, kind: str = "traces") -> Counter[str]:
        total: Counter[str] = Counter()
        for account in self.accounts(kind):
            total.update(account["dropped"])
        return total

    @property
    def shown(self) -> tuple[int, str]:
        """What must not depend on the agent."""
        return self.status, self.out


class Bench:
    """What a test works with: the agent that it is about, and a folder of its own."""

    def __init__(self, agent: Agent, folder: Path, full: bool = False) -> None:
        self.agent, self.folder, self.full = agent, folder, full

    @property
    def keeps_books(self) -> bool:
        return self.agent.name == "clew"

    def needs(self, signal: str) -> None:
        """Ends a test about a signal that the agent does not send."""
        if signal not in self.agent.signals:
            pytest.skip(f"not applicable: sends no {signal} over OTLP")

    def run(
        self, program: str, *arguments: str, to: Sink | str = "", watchdog: float = WATCHDOG, **settings: str
    ) -> Run:
        """Runs a program to its end, and holds that it shows the same without an agent."""
        run = execute(self.agent, self.folder, program, *arguments, to=to, watchdog=watchdog, **settings)
        expected = alone(program, *arguments)
        assert run.shown == expected, f"{difference(run.shown, expected)}\n{run.err[-3000:]}"
        return run

    def run_alone(self, program: str, *arguments: str, to: Sink | str = "", **settings: str) -> Run:
        """Without comparing: for what has no meaning without an agent."""
        return execute(self.agent, self.folder, program, *arguments, to=to, **settings)

    @contextmanager
    def started(
        self, *words: str, to: Sink | str, notes: str = "notes", **settings: str
    ) -> Iterator[subprocess.Popen[str]]:
        """A command, such as a server, while the block runs; ended with its children by the watchdog at the latest."""
        with (self.folder / f"{notes}.log").open("w") as log:
            process = subprocess.Popen(
                self.agent.command(*words), cwd=PROGRAMS, stdout=log, stderr=log, text=True, start_new_session=True,
                env=self._environment(to, notes, settings),
            )  # fmt: skip
        watchdog = threading.Timer(WATCHDOG, end, [process])
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            end(process)

    def notes(self, name: str = "notes") -> Run:
        """What the processes of `started` noted."""
        return Run(0, "", self.log(name), 0.0, read_notes(self.folder / name))

    def log(self, name: str = "notes") -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _environment(self, to: Sink | str, notes: str, settings: dict[str, str]) -> dict[str, str]:
        told = {"FAULTS_NOTES": str(self.folder / notes), "PYTHONPATH": str(PROGRAMS)}
        return {**self.agent.environment(url_of(to)), **told, **settings}


def execute(
    agent: Agent, folder: Path, program: str, *arguments: str, to: Sink | str = "", watchdog: float = WATCHDOG,
    **settings: str,
) -> Run:  # fmt: skip
    descriptor, notes = tempfile.mkstemp(dir=folder)
    os.close(descriptor)
    command = agent.command("python", str(PROGRAMS / program), *arguments)
    environment = {**agent.environment(url_of(to)), "FAULTS_NOTES": notes, **settings}
    began = time.monotonic()
    process = subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=watchdog)
    except subprocess.TimeoutExpired:
        end(process)
        out, err = process.communicate()
        raise AssertionError(f"{program} was still running after {watchdog:.0f} s: {err[-2000:]}") from None
    finally:
        end(process)
    return Run(process.returncode, out, err, time.monotonic() - began, read_notes(Path(notes)))


def end(process: subprocess.Popen[Any]) -> None:
    """Ends a process that was started here, with the children that it left in its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def difference(shown: tuple[int, str], expected: tuple[int, str]) -> str:
    """In one line: what the application shows that it does not show without an agent."""
    lines = zip_longest(shown[1].splitlines(), expected[1].splitlines(), fillvalue="nothing")
    told = next(
        (f"the application says {one[:60]!r} instead of {other[:60]!r}" for one, other in lines if one != other), ""
    )
    ended = f"exit status {shown[0]} instead of {expected[0]}" if shown[0] != expected[0] else ""
    return ", ".join(filter(None, (ended, told)))


@cache
def alone(program: str, *arguments: str) -> tuple[int, str]:
    """What the program shows with no agent around it."""
    with tempfile.TemporaryDirectory() as folder:
        return execute(OFF, Path(folder), program, *arguments).shown


def read_notes(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def url_of(to: Sink | str) -> str:
    return to if isinstance(to, str) else to.url


def by_hand(sink: Sink) -> list[Any]:
    """The spans that the program itself made; one agent tells no scopes, but marks them in an attribute."""
    return [
        span
        for _, scope, span in sink.spans
        if scope == "faults" or (not scope and any(item.key == "_dd.svc_src" for item in span.attributes))
    ]


def strangers(sink: Sink) -> list[Any]:
    """The spans that the program did not make itself."""
    own = {id(span) for span in by_hand(sink)}
    return [span for _, _, span in sink.spans if id(span) not in own]


def received(sink: Sink) -> Counter[bytes]:
    """How often each span of the program's own arrived."""
    return Counter(span.span_id for span in by_hand(sink))


def twice(arrivals: Counter[bytes]) -> int:
    return arrivals.total() - len(arrivals)


def balance(run: Run, created: int, arrived: int, kind: str = "traces", left_open: int = 0) -> None:
    """The one invariant: created = received + dropped{reason} + queued, exactly.

    An agent without books has dropped nothing, as far as anybody can know. `left_open` is for records whose process
    could not close its books.
    """
    accounts = run.accounts(kind)
    dropped, queued = run.dropped(kind), sum(account["queued"] for account in accounts)
    told = f"{created} created, {arrived} received, dropped {dict(dropped)}, {queued} queued"
    assert created == arrived + dropped.total() + queued, told
    if accounts and not left_open:
        assert sum(account["delivered"] for account in accounts) == arrived, told
