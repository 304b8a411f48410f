"""Writes what was measured: the same Markdown tables on the terminal and in docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.contenders import Contender
from harness.figures import Figure, added, figure, ratio
from harness.measuring import Result
from harness.rows import Row
from harness.startup import Start, StartResult


@dataclass(frozen=True)
class Report:
    """Everything one run of the program found."""

    facts: Mapping[str, str]
    contenders: Sequence[Contender]
    rows: Sequence[tuple[Row, dict[str, Result]]]
    starts: Sequence[tuple[Start, dict[str, StartResult]]]
    skipped: Sequence[str]

    @property
    def others(self) -> list[Contender]:
        return [contender for contender in self.contenders if contender.name != "bare"]


def document(report: Report) -> str:
    """The whole of docs/benchmarks.md."""
    return f"""# What telemetry costs

<!-- written by benchmarks/run.py; a change by hand is lost with the next run -->

CPU time that each operation costs on top of the same operation without telemetry, everything included: spans, metrics,
logs, their export over OTLP/HTTP to a process that counts them, and all threads. Same applications, same library
versions, same machine, same minute: the contenders take turns, round by round.

```
python benchmarks/run.py --quick     # minutes
python benchmarks/run.py --full      # more rounds, three generations of processes
```

{bullets(report.facts)}

## Each operation

{operations(report)}

`+us`: median over the rounds of the CPU time on top of bare, in microseconds, and its quartiles. `ratio`: clew's by
contrib's. An operation runs in process (WSGI or ASGI call, or a client's call to a server in another process), so no
server's cost dilutes it.

## Spans, metrics, logs that arrived

{arrivals(report)}

*Each*: spans of one operation, counted at a pace that no queue minds. *Lost*: how many of the spans of the measured
rounds never arrived, though the process ended as a program ends and had all the time it wanted.

## Start of a program

{startup(report)}

{start_ratios(report)}

Medians of interleaved runs, on top of bare. *Libraries*: what the wrapper had imported of the libraries that it
watches, before the program asked for them.
{footnotes(report)}"""


def bullets(facts: Mapping[str, str]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in facts.items())


def operations(report: Report) -> str:
    heads = [f"{contender.name} +us (quartiles)" for contender in report.others]
    lines = []
    for row, results in report.rows:
        bare = results["bare"].cpu
        additions = {name: added(result.cpu, bare) for name, result in results.items()}
        cells = [with_spread(additions[contender.name]) for contender in report.others]
        of_contrib = ratio(additions.get("clew"), additions.get("contrib"))
        lines.append([row.title, middle(figure(bare)), *cells, fraction(of_contrib)])
    return table(["work", "bare us", *heads, "ratio"], lines)


def arrivals(report: Report) -> str:
    lines = [
        [row.title, contender.name, *arrival(row, results[contender.name])]
        for row, results in report.rows
        for contender in report.others
    ]
    heads = ["work", "contender", "spans each", "expected", "received", "twice", "lost", "points", "log records"]
    return table(heads, lines)


def arrival(row: Row, result: Result) -> list[str]:
    if not result.cpu:
        return ["-"] * 7
    received = [str(result.spans), str(result.twice)]
    rest = [str(result.points), str(result.logs)]
    if row.mode != "on":
        return ["", "", *received, "", *rest]
    lost = f"{result.lost} ({result.lost / max(result.expected, 1):.1%})" if result.lost else "0"
    return [f"{result.spans_each:g}", str(result.expected), *received, lost, *rest]


def startup(report: Report) -> str:
    heads = ["program", "contender", "+ms (quartiles)", "+CPU ms", "+MB", "+modules", "libraries", "threads", "sockets"]
    lines = [
        [start.title, contender.name, *start_cells(results[contender.name], results["bare"])]
        for start, results in report.starts
        for contender in report.others
    ]
    return table(heads, lines)


def start_cells(result: StartResult, bare: StartResult) -> list[str]:
    if not result.wall:
        return ["-"] * 7
    return [
        with_spread(added(result.wall, bare.wall)),
        middle(added(result.cpu, bare.cpu)),
        middle(added(result.resident, bare.resident)),
        str(result.modules - bare.modules),
        ", ".join(sorted(set(result.libraries) - set(bare.libraries))) or "none",
        str(result.threads - bare.threads),
        str(result.sockets - bare.sockets),
    ]


def start_ratios(report: Report) -> str:
    """clew's part of contrib's, in time and in memory."""
    lines = []
    for start, results in report.starts:
        if "clew" in results and "contrib" in results:
            cells = [
                fraction(ratio(*(added(quantity(results[name]), quantity(results["bare"])) for name in ("clew", "contrib"))))
                for quantity in (wall, cpu, resident)
            ]
            lines.append([start.title, middle(figure(results["bare"].wall)), *cells])
    return table(["program", "bare ms", "ratio time", "ratio CPU", "ratio memory"], lines)


def wall(result: StartResult) -> list[float]:
    return result.wall


def cpu(result: StartResult) -> list[float]:
    return result.cpu


def resident(result: StartResult) -> list[float]:
    return result.resident


def footnotes(report: Report) -> str:
    notes = [
        f"{row.title}, {name}: {result.complaint}"
        for row, results in report.rows
        for name, result in results.items()
        if result.complaint
    ]
    notes += [
        f"{start.title}, {name}: {result.complaint}"
        for start, results in report.starts
        for name, result in results.items()
        if result.complaint
    ]
    blocks = [f"```\n{note}\n```" for note in notes] + list(report.skipped)
    return "\n## Notes\n\n" + "\n\n".join(blocks) + "\n" if blocks else ""


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns line up, figures to the right."""
    lines = list(lines)
    widths = [max(len(cell) for cell in column) for column in zip(heads, *lines, strict=True)]
    rule = [("-" * width) if number == 0 else ("-" * (width - 1) + ":") for number, width in enumerate(widths)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join(padded) + " |"

    return "\n".join([line(heads), line(rule), *(line(cells) for cells in lines)])


def middle(found: Figure | None) -> str:
    return "-" if found is None else f"{found.median:.1f}"


def with_spread(found: Figure | None) -> str:
    return "-" if found is None else f"{found.median:.1f} ({found.low:.0f} to {found.high:.0f})"


def fraction(value: float | None) -> str:
    """1/6.3 for 0.159; a share above one half as it is."""
    if value is None:
        return "-"
    if value <= 0:
        return "0"
    return f"1/{1 / value:.1f}" if value < 0.5 else f"{value:.2f}"
