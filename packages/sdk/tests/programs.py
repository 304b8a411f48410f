"""Runs small programs in processes of their own, with a deadline."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

SOURCE = str(Path(__file__).parents[1] / "src")


def run(program: str, endpoint: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end, at most a minute."""
    started = start(program, endpoint, **environment)
    try:
        out, error = started.communicate(timeout=60)
    finally:
        started.kill()
    return subprocess.CompletedProcess(started.args, started.returncode, out, error)


def start(program: str, endpoint: str = "", **environment: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "CLEW_"))}
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "PYTHONPATH": SOURCE, "PYTHONUNBUFFERED": "1", **environment}
    return subprocess.Popen(
        [sys.executable, "-W", "error::ResourceWarning", "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(program)],
        env={**clean, **settings}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
