"""How many instructions an operation takes, and how often what they need is not in the processor's caches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harness import valgrind
from harness.contenders import BARE, CLEW, CONTRIB, Contender
from harness.measuring import Bench
from harness.report import table
from harness.rows import ROWS, Row

MEASURED = ("flask", "flask-query", "flask-log", "fastapi", "requests", "sqlite3", "sqlalchemy")
OPERATIONS = {"quick": 200, "full": 500}
#: Of one core of many servers; callgrind simulates two levels, and calls the second the last.
CACHES = ("--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=524288,8,64")

SECTION = """## Instructions and caches

{table}

What one operation takes on top of bare (*bare*: in all), counted by valgrind, which runs the same program on a
simulated processor: *instructions*, how often what it needed was not in the first cache (32 KB each for code and data)
and not in the second (512 KB for both), and how often in 1,000 instructions that was. An application and what follows
it use more than a second cache holds, in turn, so that whatever an agent does once in a request it does with cold
caches: its instructions take longer than the same ones in a loop, as of the microbenchmarks.
"""


class Counts(NamedTuple):
    """Of one operation."""

    instructions: float
    first: float
    second: float

    def over(self, other: Counts) -> Counts:
        return Counts(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


Found = Mapping[str, Counts]


def measure(contenders: Sequence[Contender], bench: Bench, effort: str) -> list[tuple[Row, Found]]:
    """Of the vendors nothing: under valgrind their agents' own processes and timeouts get into it."""
    rows = [
        row for row in ROWS if row.name in MEASURED and (not row.needs or f"BENCH_{row.needs.upper()}" in bench.servers)
    ]
    ours = [contender for contender in contenders if contender in (BARE, CLEW, CONTRIB)]
    operations = OPERATIONS[effort]
    return [
        (row, {one.name: counts(valgrind.count(row, one, bench, operations, CACHES)) for one in ours}) for row in rows
    ]


def counts(events: Sequence[float]) -> Counts:
    """Callgrind's order: instructions, reads, writes; what of each missed the first cache; what missed the last."""
    instructions, _, _, *missed = events
    return Counts(instructions, sum(missed[:3]), sum(missed[3:]))


def section(found: Sequence[tuple[Row, Found]]) -> str:
    heads = ["work", "contender", "instructions", "not in the first", "not in the second", "of 1,000"]
    lines = []
    for row, results in found:
        for name, whole in results.items():
            one = whole if name == "bare" else whole.over(results["bare"])
            often = f"{1000 * one.second / one.instructions:.1f}"
            lines.append([row.title, name, *(f"{value:,.0f}" for value in one), often])
    return SECTION.format(table=table(heads, lines))
