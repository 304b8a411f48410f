"""Real processes with and without clew, and small distributions that are installed by lying in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DEADLINE = 60  # seconds; generous, nothing here is timed
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def quiet_environment() -> dict[str, str]:
    """This process's environment without anything that tells clew or OpenTelemetry what to do."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("CLEW_", "OTEL_"))}
    return {name: value for name, value in mine.items() if name not in ("PYTHONPATH", "FLASK_APP")}


@pytest.fixture
def plain(tmp_path: Path) -> Run:
    """Runs a command in an empty folder."""

    def run(*command: object, env: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        options.setdefault("cwd", tmp_path)
        options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
        if options["stdin"] is None:
            del options["stdin"]
        environment = {**quiet_environment(), **(env or {})}
        words = [str(word) for word in command]
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=DEADLINE, **options)

    return run


@pytest.fixture
def clew(plain: Run) -> Run:
    """Runs `clew run` with the words given, in an empty folder."""

    def run(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
        return plain(sys.executable, "-m", "clew_cli", "run", *words, **options)

    return run


@pytest.fixture
def distribution(tmp_path: Path) -> Callable[..., Path]:
    """Makes a distribution in a folder of its own, for PYTHONPATH: modules, and the lines of entry_points.txt."""

    def make(name: str, entry_points: str, **modules: str) -> Path:
        folder = tmp_path / f"install-{name}"
        information = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(entry_points)
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(text)
        return folder

    return make
