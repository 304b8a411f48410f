"""Nonsense in a variable costs one line that names it, and the default is taken."""

from __future__ import annotations

import logging
import os

import pytest

from clew_sdk import report, settings
from clew_sdk.parsing import PartlyError
from clew_sdk.variables import VARIABLES

FREE = {name for name, variable in VARIABLES.items() if variable.parse is str}
NONSENSE = "\x00 hunter2;"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_last", {})


@pytest.mark.parametrize("name", sorted(set(VARIABLES) - FREE))
def test_nonsense_is_named_and_the_default_is_taken(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("os.environ", {name: NONSENSE})
    default = VARIABLES[name].default
    assert settings._value(name, None) == default
    (line,) = caplog.messages
    assert line.startswith(f"clew: {name} ")
    assert "hunter2" not in line
    assert "used instead" in line or "ignored" in line or "the others" in line
    assert settings.faults(os.environ) == [line.removeprefix("clew: ").partition(";")[0]]


def test_what_is_usable_of_a_list_is_used(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "a=1,hunter2,b=2")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "hunter2,none")
    assert settings.pairs("OTEL_EXPORTER_OTLP_HEADERS") == {"a": "1", "b": "2"}
    assert settings.names("OTEL_TRACES_EXPORTER") == ["none"]
    assert len(caplog.messages) == 2
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(("argument", "good"), [("0.25", True), ("1.5", False), ("abc", False), ("nan", False)])
def test_the_argument_of_a_ratio_sampler_is_a_ratio(
    argument: str, good: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("os.environ", {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": argument})
    assert settings.ratio("OTEL_TRACES_SAMPLER_ARG") == (0.25 if good else 1.0)
    assert bool(settings.faults(os.environ)) is not good
    assert len(caplog.messages) == (not good)


def test_defaults_and_empty_variables_are_no_faults(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name, variable in VARIABLES.items():
        monkeypatch.setenv(name, "")
        assert settings._value(name, None) == variable.default
    assert (settings.faults(os.environ), caplog.messages) == ([], [])
    assert issubclass(PartlyError, ValueError)
