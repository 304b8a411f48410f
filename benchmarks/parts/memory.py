"""How much memory a process has after many requests, and whether it still grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.contenders import Contender
from harness.measuring import Bench, start_application
from harness.report import table

APPLICATION = "flask_hello"
REQUESTS = {"quick": 20_000, "full": 100_000}
ROUND = 1000

#: Resident bytes after each round.
Resident = list[int]

SECTION = """## Memory of a service

{table}

Resident memory in MB of a Flask application that has answered {requests:,} requests in process, everything exported.
*Grown*: since half of them.
"""


def measure(contenders: Sequence[Contender], bench: Bench, effort: str) -> dict[str, Resident]:
    return {contender.name: follow(contender, bench, REQUESTS[effort]) for contender in contenders}


def follow(contender: Contender, bench: Bench, requests: int) -> Resident:
    worker = start_application(contender, bench, APPLICATION, f"memory.{contender.name}")
    try:
        return [int(worker.run(ROUND)["rss"]) for _ in range(requests // ROUND)]
    finally:
        worker.stop()


def section(found: Mapping[str, Resident]) -> str:
    lines = [[name, *cells(resident, found["bare"])] for name, resident in found.items()]
    heads = ["contender", f"after {ROUND:,}", "after half", "after all", "grown", "on top of bare"]
    return SECTION.format(table=table(heads, lines), requests=ROUND * len(found["bare"]))


def cells(resident: Resident, bare: Resident) -> list[str]:
    half = resident[len(resident) // 2 - 1]
    figures = resident[0], half, resident[-1], resident[-1] - half, resident[-1] - bare[-1]
    return [f"{value / 1e6:.1f}" for value in figures]
