"""Runs a suite without clew and with it, and says where they differ."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from xml.etree import ElementTree

from servers.programs import stop
from servers.sink import Sink, attributes_of

from host_suites.places import Place
from host_suites.records import Suite

#: What a run may not inherit: whoever runs this may be followed, too.
FOREIGN = ("OTEL_", "CLEW_", "PYTEST_", "PYTHONPATH", "PYTHONWARNINGS")
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")  # in names of tests whose parameters have no better one


class Outcome(NamedTuple):
    """How often each test passed (a few names stand for several tests), and how many there were."""

    passed: Counter[str]
    tests: int


class Comparison(NamedTuple):
    """`lost` passed bare and not with clew; `again` of them only passed when they were tried once more."""

    bare: Outcome
    followed: Outcome
    lost: tuple[str, ...]
    again: tuple[str, ...]
    spans: int
    #: What clew's guard counted: plugin and place.
    failures: tuple[str, ...]


def compare(suite: Suite, place: Place, server: Any) -> Comparison:
    """Both runs, one after the other; what differs is tried again, as tests of timing fail now and then by themselves."""
    words = Words(suite, place, server)
    words.write_files()
    bare = _run(words, "bare", [], {})
    shutil.rmtree(place.python.parents[2] / "cache", ignore_errors=True)  # what failed is remembered there
    with Sink() as sink:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "OTEL_METRIC_EXPORT_INTERVAL": "5000", **suite.clew}
        prefix = [str(place.python.with_name("clew")), "run"]
        followed = _run(words, "followed", prefix, settings)
        spans, failures = len(sink.span_ids), _failures(sink)
        lost = {test for test, count in bare.passed.items() if followed.passed[test] < count}
        again: set[str] = set()
        if any(not suite.reason(test) for test in lost):
            once_more = _run(words, "again", prefix, settings, "--last-failed", "--last-failed-no-failures=none")
            again = {test for test in lost if once_more.passed[test]}
    return Comparison(bare, followed, tuple(sorted(lost - again)), tuple(sorted(again)), spans, failures)


class Words:
    """What the record says, with the server's parts filled in."""

    def __init__(self, suite: Suite, place: Place, server: Any) -> None:
        self.suite, self.python, self._server = suite, place.python, server
        self.source, self.folder = place.source, place.source / suite.folder
        self.arguments = [self.filled(argument) for argument in suite.arguments]
        self.environment = {name: self.filled(value) for name, value in suite.environment.items()}

    def filled(self, text: str) -> str:
        return re.sub(r"\{server(?:\.(\w+))?\}", lambda part: self._part(part[1]), text)

    def _part(self, name: str | None) -> str:
        server = urlsplit(self._server) if name and isinstance(self._server, str) else self._server
        return str(getattr(server, name) if name else server)

    def write_files(self) -> None:
        for name, text in self.suite.files.items():
            path = self.source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.filled(text), encoding="utf-8")


def _run(words: Words, name: str, prefix: list[str], settings: dict[str, str], *more: str) -> Outcome:
    home = words.python.parents[2]
    report, cache = home / f"{name}.xml", home / "cache"
    report.unlink(missing_ok=True)
    command = [
        *prefix, str(words.python), "-m", "pytest", "-q", f"--junitxml={report}", "-o", f"cache_dir={cache}",
        f"--rootdir={words.folder}", "-p", "no:randomly", *words.arguments, *more,
    ]  # fmt: skip
    environment = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN) and key != "CI"}
    environment |= {"PATH": f"{words.python.parent}{os.pathsep}{environment.get('PATH', os.defpath)}"}
    environment |= {**words.environment, **settings}
    with (home / f"{name}.log").open("wb") as log, _process(command, words.folder, environment, log) as process:
        process.wait(words.suite.seconds)
    return _outcome(report)


@contextmanager
def _process(
    command: list[str], folder: Path, environment: dict[str, str], log: Any
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )
    try:
        yield process
    finally:
        stop(process)
        try:  # what the tests left behind is in a group of its own
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def _outcome(report: Path) -> Outcome:
    if not report.exists():
        raise RuntimeError(f"no test ran: see {report.with_suffix('.log')}")
    cases = list(ElementTree.parse(report).iter("testcase"))
    passed = [case for case in cases if not any(part.tag in ("failure", "error", "skipped") for part in case)]
    return Outcome(
        Counter(ADDRESS.sub("0x", f"{case.get('classname')}::{case.get('name')}") for case in passed), len(cases)
    )


def _failures(sink: Sink) -> tuple[str, ...]:
    found = set()
    for _, _, metric in sink.metrics:
        if metric.name == "clew.plugin.errors":
            for point in metric.sum.data_points:
                attributes = attributes_of(point)
                found.add(f"{attributes['clew.plugin']}: {attributes['clew.place']}")
    return tuple(sorted(found))
