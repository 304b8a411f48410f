"""Prints what clew adds to the CPU time of an operation, and what others add to the same operation in the same run.

Needs Python 3.10 or newer and, for the first run, a package index: each contender gets a virtual environment of its own
under benchmarks/.venvs/. Measures bare, clew and contrib; `--contenders all` or `--full` adds the agents of vendors.
Without more words it takes five minutes and prints; `--rows all` and `--full` measure everything and write
docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from harness import environments, hotspots, machine, mongo_server, postgres, redis_server
from harness.contenders import BARE, CONTENDERS, OURS, Contender
from harness.errors import BenchmarkError
from harness.figures import figure
from harness.measuring import Bench, Result, complete, measure
from harness.processes import Server
from harness.report import Report, document
from harness.rows import ROWS, Row
from harness.startup import STARTS, measure_start
from parts import PARTS, sections
from parts import chosen as chosen_parts

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds in each of several generations of processes, and runs of each start."""

    rounds: int
    generations: int
    starts: int


EFFORTS = {"quick": Effort(rounds=10, generations=1, starts=7), "full": Effort(rounds=25, generations=3, starts=25)}


#: What a quick run measures unless it is told: work of each kind, and the start of a program.
QUICK = "flask,flask-query,flask-log,fastapi,requests,sqlite3,sqlalchemy,start"


def main() -> int:
    options = read_options()
    try:
        with ExitStack() as stack:
            return measure_all(options, stack)
    except BenchmarkError as failure:
        print(failure, file=sys.stderr)
        return 1


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", dest="effort", action="store_const", const="quick", default="quick")
    effort.add_argument("--full", dest="effort", action="store_const", const="full")
    parser.add_argument(
        "--rows", metavar="NAME,...", help=f"all, or of {', '.join([*(row.name for row in ROWS), 'start', *PARTS])}"
    )
    parser.add_argument(
        "--contenders", metavar="NAME,...", help="besides bare; clew and contrib by default, all with --full"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="instead of what quick or full says")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything measured, round by round")
    parser.add_argument("--document", type=Path, metavar="FILE", help="docs/benchmarks.md when everything is measured")
    parser.add_argument("--profile", metavar="ROW", help="where clew (or the contender named) spends the time of a row")
    options = parser.parse_args()
    if options.rows is None and options.effort == "quick":
        options.rows = QUICK
    elif options.rows == "all":
        options.rows = None
    return options


def measure_all(options: argparse.Namespace, stack: ExitStack) -> int:
    rows = chosen(options.profile or options.rows, ROWS, "row")
    default = CONTENDERS if options.effort == "full" else OURS
    known = default if options.contenders is None else CONTENDERS
    names = None if options.contenders == "all" else options.contenders
    contenders = [BARE, *chosen(names, [one for one in known if one is not BARE], "contender")]
    bench, rows, skipped = opened(contenders, rows, stack)
    contenders = [one for one in contenders if one.name in bench.pythons]
    if options.profile:
        print(hotspots.report(rows[0], contenders[1], bench))
        return 0
    effort = EFFORTS[options.effort]
    results = [(row, measure_row(row, contenders, bench, effort, options.rounds)) for row in rows]
    wants_start = options.rows is None or "start" in options.rows.split(",")
    starts = [(start, measure_start(start, contenders, bench, effort.starts)) for start in STARTS if wants_start]
    facts = machine.facts({one.name: environments.versions(bench.pythons[one.name]) for one in contenders}, contenders)
    others = list(sections(chosen_parts(options.rows), contenders, bench, options.effort))
    report = Report({**facts, "effort": options.effort}, contenders, results, starts, skipped, others)
    publish(report, options)
    return 0 if all(sound(row, found) for row, found in results) else 1


def sound(row: Row, found: dict[str, Result]) -> bool:
    """Whether bare and clew have figures, and clew all its spans; what ails another is in the report."""
    return bool(found["bare"].cpu) and ("clew" not in found or complete(row, found["clew"]))


Named = TypeVar("Named", Contender, Row)


def chosen(names: str | None, known: Sequence[Named], kind: str) -> list[Named]:
    """The records with these names, in the order of the program; all of them when no name is given."""
    if names is None:
        return list(known)
    wanted = set(names.split(",")) - {"start", "bare", *PARTS}
    if unknown := wanted - {one.name for one in known}:
        raise BenchmarkError(
            f"no {kind} {', '.join(sorted(unknown))}; there are {', '.join(one.name for one in known)}"
        )
    return [one for one in known if one.name in wanted]


def installed(contenders: Sequence[Contender]) -> tuple[dict[str, Path], list[str]]:
    """The interpreters of the contenders, and why there is none of a vendor's: nobody else's figures wait for it."""
    pythons, failures = {}, []
    for contender in contenders:
        try:
            pythons[contender.name] = environments.python_of(contender)
        except BenchmarkError as failure:
            if contender in OURS:
                raise
            failures.append(f"{contender.name}: failed, left out.\n\n```\n{failure}\n```")
    return pythons, failures


def opened(contenders: Sequence[Contender], rows: list[Row], stack: ExitStack) -> tuple[Bench, list[Row], list[str]]:
    """The environments and servers that the rows need, and the rows whose servers are there."""
    pythons, skipped = installed(contenders)
    needs = {row.needs for row in rows}
    servers: dict[str, str] = {}
    sink = Server("sink.py")
    stack.callback(sink.stop)
    if "upstream" in needs:
        upstream = Server("upstream.py")
        stack.callback(upstream.stop)
        servers["BENCH_UPSTREAM"] = upstream.address
    for name, start, advice in (
        ("postgres", lambda: postgres.server(pythons["bare"]), postgres.ADVICE),
        ("redis", redis_server.server, redis_server.ADVICE),
        ("mongodb", mongo_server.server, mongo_server.ADVICE),
    ):
        if name not in needs:
            continue
        if url := stack.enter_context(start()):
            servers[f"BENCH_{name.upper()}"] = url
        else:
            left_out = [row.title for row in rows if row.needs == name]
            skipped.append(f"{', '.join(left_out)}: left out, no server. {advice}")
            rows = [row for row in rows if row.needs != name]
    return Bench(pythons, sink, servers), rows, skipped


def measure_row(
    row: Row, contenders: Sequence[Contender], bench: Bench, effort: Effort, rounds: int | None
) -> dict[str, Result]:
    """All generations of one row, and a line on the terminal while one waits."""
    total = {contender.name: Result() for contender in contenders}
    for generation in range(effort.generations):
        for name, result in measure(row, contenders, bench, rounds or effort.rounds, generation).items():
            total[name].join(result)
    told = {name: figure(result.cpu) for name, result in total.items()}
    line = ", ".join(f"{name} {found.median:.0f}" if found else f"{name} failed" for name, found in told.items())
    print(f"{row.title}: {line} us", file=sys.stderr)
    return total


def publish(report: Report, options: argparse.Namespace) -> None:
    text = document(report)
    print(text)
    if options.json:
        options.json.write_text(json.dumps(asdict(report), indent=1))
    complete = options.rows is None and options.contenders in (None, "all")
    if target := options.document or (DOCUMENT if complete else None):
        target.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
