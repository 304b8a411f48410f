"""Whether each plugin can do its work: its library is imported and the plugin enabled, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping

from clew_cli.doctor.findings import BAD, GOOD, NOTE, Finding
from clew_cli.entrypoints import read_entry_points
from clew_cli.plugins import Row, describe

TRIAL = """
import importlib, json, os, sys
out, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr
from clew_cli.entrypoints import read_entry_points
for entry in read_entry_points("clew_plugin"):
    if entry.name not in sys.argv[1:]:
        continue
    try:
        importlib.import_module(entry.name)
        entry.load().enable()
        fault = ""
    except BaseException as error:
        fault = f"{type(error).__name__}: {error}"
    print(json.dumps([entry.name, fault]), file=out, flush=True)
os._exit(0)
"""
SECONDS = 60.0


def plugins(environment: Mapping[str, str]) -> Iterable[Finding]:
    rows = sorted(describe(entry, dict(environment)) for entry in read_entry_points("clew_plugin"))
    if not rows:
        yield Finding("plugins", "none", BAD, "is installed", 'for example: pip install "clew[flask,requests]"')
    tried = _try([row.watches for row in rows if row.on], environment)
    for row in rows:
        yield _finding(row, tried)


def _finding(row: Row, tried: Mapping[str, str]) -> Finding:
    name = f"{row.plugin} {row.version}"
    if not row.on:
        meant = not row.installed or row.why_off.startswith("switched off")
        return Finding("plugins", name, NOTE if meant else BAD, f"off: {row.why_off}")
    fault = tried.get(row.watches, "its library could not be imported in time")
    if fault:
        return Finding("plugins", name, BAD, f"off: {fault}", "report it, with the version of the library")
    return Finding("plugins", name, GOOD, f"follows {row.watches} {row.installed}")


def _try(libraries: list[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Library -> what went wrong. One that hangs or ends the process costs the answers of those after it."""
    if not libraries:
        return {}
    quiet = {
        **environment,
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }
    words = [sys.executable, "-c", TRIAL, *libraries]
    try:
        done = subprocess.run(words, env=quiet, capture_output=True, text=True, timeout=SECONDS)
        said = done.stdout
    except subprocess.TimeoutExpired as error:
        said = (error.stdout or b"").decode() if isinstance(error.stdout, bytes) else error.stdout or ""
    return dict(json.loads(line) for line in said.splitlines())
