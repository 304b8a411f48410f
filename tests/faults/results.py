"""What the suite found, as JSON per agent, and the page that is rendered from it."""

from __future__ import annotations

import json
import platform
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from servers.workspace import ROOT

from faults.agents import AGENTS, Agent, version_of
from faults.catalogue import FAULTS, SECURITY

FOLDER = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "reliability.md"
SHOWN = ("clew", "contrib", "ddtrace")
PASS, FAIL, NOT_APPLICABLE, MISSING = "pass", "fail", "not applicable", "not run"
MARKS = {PASS: "pass", FAIL: "**fail**", NOT_APPLICABLE: "n/a", MISSING: "not run"}
LONGEST = 240  # characters of a fact
INTRODUCTION = """\
# What goes wrong, and what becomes of it

<!-- written by `nox -s faults -- --write`; a change by hand is lost with the next run -->

Programs and servers that run into trouble, each in processes of its own under the agent, against a loopback OTLP server
that answers as badly as servers do. A row passes when the application's answers, exceptions, exit status and output are
those that it has without an agent, when every record is accounted for (created = received + dropped and counted +
queued), and when the row's own demand is met. An agent that keeps no such books while it runs has to deliver every
record: what it loses without anybody being told is a failure (opentelemetry-sdk counts only where its internal metrics
are switched on). The same scripts run under each agent: `tests/faults/`.

```
nox -s faults                       # clew
nox -s faults -- --under contrib    # the incumbent, in an environment of its own
nox -s faults -- -k f17 --full      # one row, with the large numbers
```
"""


def row_of(test: str) -> str:
    """`F1` of test_f01_prefork…, `s_traceparent` of test_s_traceparent_…; empty for what is in no table."""
    words, _, variant = test.removeprefix("test_").partition("[")
    words = words.replace("s_secrets_do_not_leave", f"s_{variant.rstrip(']')}")
    if words[:1] == "f" and words[1:3].isdigit():
        return f"F{int(words[1:3])}"
    found = [row for row in SECURITY if words == row or words.startswith(f"{row}_")]
    return max(found, key=len, default="")


def summarise(reports: Iterable[tuple[str, str, str]]) -> dict[str, dict[str, Any]]:
    """Row -> outcome and fact, of (test, outcome, fact); a row passes when all its tests do."""
    rows: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for test, outcome, fact in reports:
        rows[row_of(test)].append((outcome, fact))
    rows.pop("", None)
    return {row: _one(found) for row, found in sorted(rows.items(), key=lambda item: _order(item[0]))}


def _one(found: list[tuple[str, str]]) -> dict[str, Any]:
    outcomes = {outcome for outcome, _ in found}
    outcome = next(kind for kind in (FAIL, PASS, MISSING, NOT_APPLICABLE) if kind in outcomes)
    facts = list(dict.fromkeys(fact for kind, fact in found if fact and kind == outcome))
    failed = sum(kind == FAIL for kind, _ in found)
    told = f"{failed} of {len(found)} variants: " if failed and len(found) > 1 else ""
    return {"outcome": outcome, "fact": told + "; ".join(facts[:3])}


def write(agent: Agent, rows: dict[str, dict[str, Any]]) -> None:
    """Keeps the rows; those that were not run now stay as they were."""
    FOLDER.mkdir(exist_ok=True)
    before = read().get(agent.name, {}).get("rows", {})
    rows = dict(sorted({**before, **rows}.items(), key=lambda item: _order(item[0])))
    content = {"agent": agent.title, "version": version_of(agent), "python": platform.python_version(), "rows": rows}
    (FOLDER / f"{agent.name}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(render())


def read() -> dict[str, dict[str, Any]]:
    paths = [(name, FOLDER / f"{name}.json") for name in SHOWN]
    return {name: json.loads(path.read_text()) for name, path in paths if path.exists()}


def render() -> str:
    found = read()
    lines = [INTRODUCTION]
    for name, content in found.items():
        told = f"{AGENTS[name].title} {content['version']}, CPython {content['python']}"
        lines.append(
            f"- **{name}**: {told}: {_score(content, FAULTS)} faults, {_score(content, SECURITY)} security rows"
        )
    lines += ["", "## Faults", "", *_table(found, FAULTS), "", "## Security, as far as the process is concerned", ""]
    return "\n".join([*lines, *_table(found, SECURITY)]) + "\n"


def _score(content: dict[str, Any], titles: dict[str, str]) -> str:
    outcomes = [row["outcome"] for name, row in content["rows"].items() if name in titles]
    applicable = [outcome for outcome in outcomes if outcome in (PASS, FAIL)]
    return f"{applicable.count(PASS)} of {len(applicable)}"


def _table(found: dict[str, dict[str, Any]], titles: dict[str, str]) -> list[str]:
    lines = [f"| | fault | {' | '.join(found)} |", "|---" * (2 + len(found)) + "|"]
    for row, title in titles.items():
        cells = [_cell(content["rows"].get(row)) for content in found.values()]
        lines.append(f"| {row.removeprefix('s_')} | {title} | {' | '.join(cells)} |")
    return lines


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return MARKS[MISSING]
    fact = row["fact"].replace("|", "\\|")
    fact = fact if len(fact) <= LONGEST else fact[: LONGEST - 3] + "..."
    return f"{MARKS[row['outcome']]}: {fact}" if fact else MARKS[row["outcome"]]


def _order(row: str) -> tuple[int, str]:
    return (int(row[1:]), "") if row[1:].isdigit() else (1000, row)
