"""Makes the helpers beside this file importable, and gives each test a pipeline of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from servers.sink import Sink

from clew_sdk import report
from clew_sdk.pipeline import Pipeline

FOR_PROGRAMS = {"PYTHONPATH": str(Path(__file__).parents[1] / "src"), "PYTHONUNBUFFERED": "1"}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of whoever runs the tests do not count."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "CLEW_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    report._last.clear()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture
def pipeline_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Pipeline]]:
    """Makes a pipeline that sends to a URL; its worker ends with the test, so that it says nothing in the next one."""
    made: list[Pipeline] = []

    def make(url: str) -> Pipeline:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        made.append(Pipeline())
        return made[-1]

    yield make
    for pipeline in made:
        bell = pipeline.worker._bell
        pipeline.worker.reset()
        bell.put(None)
