"""What the runs found, as JSON per suite, and the page that is rendered from it: docs/host-suites.md."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from servers.workspace import ROOT

from host_suites import records
from host_suites.records import Suite
from host_suites.running import Comparison

FOLDER = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "host-suites.md"
PASS, FAIL = "pass", "fail"
INTRODUCTION = """\
# The suites of the libraries themselves

<!-- written by `nox -s host_suites -- --write`; a change by hand is lost with the next run -->

The tests that frameworks and drivers have for themselves, from their source distributions, unchanged: once without clew
and once under `clew run`, in the same environment, with everything exported to an OTLP server on loopback. A suite passes
when every test that passes without clew passes with it too, but for those that are named below with the reason, when
spans were recorded at all, and when clew's guard has counted no failure of a plugin. *Passed* are numbers of tests; the
rest of a suite is skipped or fails with and without clew, for what this kind of run does not offer. Where a test failed
with clew and passed when it was tried once more, *again* counts it.

```
nox -s host_suites                 # all of them
nox -s host_suites -- flask httpx  # these
```

No tests in their source distributions have psycopg 3, PyMySQL (but for its authentication), aiosqlite, Quart, Litestar,
and the clients of Elasticsearch and OpenSearch.

"""
SETTINGS = """\
Some tests compare all the headers of a request or of an answer. `CLEW_TOLD_HOSTS=nobody` sends no trace context; a
server's plugin that is switched off adds no request ID to the answers.
"""


def row(suite: Suite, found: Comparison) -> dict[str, Any]:
    """What is kept of a run."""
    return {
        "version": suite.version or platform.python_version(),
        "python": platform.python_version(),
        "bare": found.bare.passed.total(),
        "followed": found.followed.passed.total(),
        "again": len(found.again),
        "spans": found.spans,
        "lost": list(found.lost),
        "failures": list(found.failures),
    }


def passes(suite: Suite, found: Mapping[str, Any]) -> bool:
    """By what the record says of its differences now."""
    explained = all(suite.reason(test) for test in found["lost"])
    return bool(found["bare"] and found["spans"] and explained and not found["failures"])


def table(rows: Mapping[str, dict[str, Any] | None]) -> str:
    head = ["suite", "version", "Python", "passed bare", "passed with clew", "again", "explained", "spans", ""]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for suite in records.read(rows):
        found = rows[suite.name]
        if found is None:
            lines.append(f"| {suite.name} | | | | | | | | did not run |")
            continue
        explained = sum(bool(suite.reason(test)) for test in found["lost"])
        numbers = [found["bare"], found["followed"], found["again"], explained, found["spans"]]
        cells = [suite.name, found["version"], found["python"], *(f"{number:,}" for number in numbers)]
        lines.append(f"| {' | '.join(cells)} | {PASS if passes(suite, found) else FAIL} |")
    return "\n".join(lines)


def write(rows: Mapping[str, dict[str, Any]]) -> None:
    """Keeps the rows; those that were not run now stay as they were."""
    FOLDER.mkdir(exist_ok=True)
    for name, found in rows.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(render(), encoding="utf-8")


def render() -> str:
    suites = records.read()
    paths = [(suite.name, FOLDER / f"{suite.name}.json") for suite in suites]
    rows = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths if path.exists()}
    lines = [f"{INTRODUCTION}{table(rows)}", ""]
    if parts := [f"- **{suite.name}**: {suite.subset}" for suite in suites if suite.subset]:
        lines += ["## Not the whole suite", "", *parts, ""]
    if set_up := [f"- **{suite.name}**: {_settings(suite)}" for suite in suites if suite.clew]:
        lines += ["## Settings of clew", "", SETTINGS, *set_up, ""]
    differences = [f"- **{suite.name}** `{test}`: {why}" for suite in suites for test, why in suite.differences.items()]
    if differences:
        lines += ["## Tests that cannot pass", "", *differences, ""]
    return "\n".join(lines)


def _settings(suite: Suite) -> str:
    return ", ".join(f"`{name}={value}`" for name, value in suite.clew.items())
