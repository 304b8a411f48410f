"""One guard for everything of ours that runs in a call: whatever it raises, the application's call happens once."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from servers.workspace import Package, plugins

from faults.conftest import missing
from faults.harness import PROGRAMS, WATCHDOG, read_notes

EVERY_PLUGIN = [
    pytest.param(package, library, value, id=library)
    for package in plugins()
    for library, value in package.watches.items()
]


@pytest.mark.parametrize("hand", ["shorthand", "longhand"])
@pytest.mark.parametrize(("package", "library", "value"), EVERY_PLUGIN)
def test_whatever_raises_in_us_the_call_happens_once_and_unchanged(
    package: Package, library: str, value: str, hand: str, tmp_path: Path, only_clew: None
) -> None:
    """At each place in turn; the third failure within a minute switches the plugin off, which is said once."""
    if library not in sys.stdlib_module_names and find_spec(library.partition(".")[0]) is None:
        missing(f"the library {library}")
    module, _, attribute = value.partition(":")
    command = [sys.executable, str(PROGRAMS / "fuzz_guard.py"), module, attribute, library, hand]
    settings = {
        "FAULTS_NOTES": str(tmp_path / "notes"),
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "CLEW_LOG_FORMAT": "json",  # so that the hook that makes such lines is there
    }
    done = subprocess.run(
        command, env={"PATH": "", **settings}, capture_output=True, text=True, timeout=WATCHDOG, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-3000:]
    notes = read_notes(tmp_path / "notes")
    (ours,) = (note["ours"] for note in notes if "ours" in note)
    cases = [note["case"] for note in notes if "case" in note]
    wrong = [case for case in cases if case[4]]
    assert not wrong
    reached = {case[0] for case in cases if case[3]}
    assert reached == {case[0] for case in cases}, "a hook that nothing of ours was reached in"
    assert cases or not ours  # a plugin that only carries contexts runs no function of its own in the call
