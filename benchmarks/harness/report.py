"""Writes what was measured: the same Markdown tables on the terminal and in docs/benchmarks.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness import settings
from harness.contenders import Contender
from harness.figures import Figure, added, figure, ratio
from harness.measuring import Result, complete, followed
from harness.processes import HERE
from harness.rows import Row
from harness.startup import Start, StartResult

HEADING = """# What telemetry costs

<!-- written by benchmarks/run.py; a change by hand is lost with the next run -->

CPU time that each operation costs on top of the same operation without telemetry, everything included: spans, metrics,
logs, their export over HTTP (OTLP, or what a vendor's agent speaks) to a process that counts them, and all threads.
Same applications, same library versions, same machine, same minute: the contenders take turns, round by round.

```
python benchmarks/run.py               # five minutes, printed only: work of each kind
python benchmarks/run.py --rows all    # all work, three quarters of an hour
python benchmarks/run.py --full        # the agents of vendors too, more rounds, three generations of processes
```

{facts}
"""

OPERATIONS = """## Each operation

{table}

`+us`: median over the rounds of the CPU time on top of bare, in microseconds, and its quartiles. *Of contrib*, *of
the cheapest peer*: clew's part of what contrib adds, and of what the cheapest vendor's agent adds that followed the row
and lost nothing; there is none where clew lost or left out a span, a log record or all metrics. *Not followed*: the
agent makes no span of that work (*in full*: not of all of it), so what it adds cannot be compared; *failed*: see the
notes. Who follows a row that keeps few traces or none, and loses nothing, shows the row of the same work that keeps
all. Calls outside of a request run in tasks of 100 for the agents that record nothing outside of one. An operation
runs in process (a WSGI or ASGI call, or a client's call to a server in another process), so no server's cost
dilutes it; but for aiohttp and Tornado, which only their own servers can call: there a request comes over a connection
from a client of a few lines in the same process.
"""

ARRIVALS = """## Spans, metric points and log records that arrived

{table}

*Spans each*: of one operation, counted at a pace that no queue minds. *Lost*: how many spans of the measured rounds
never arrived, though each process ended as a program ends and had the time it wanted. Metrics are cumulative: few
points, sent rarely, stand for all operations.
"""

STARTUP = """## Start of a program

{table}

{ratios}

Medians of interleaved runs, on top of bare. All libraries that are measured above are installed, and contrib's
instrumentations of them. *Libraries*: what the wrapper had imported of those, before the program asked for them.
*Threads* and *sockets*: open when the script ends.
"""


@dataclass(frozen=True)
class Report:
    """Everything one run of the program found."""

    facts: Mapping[str, str]
    contenders: Sequence[Contender]
    rows: Sequence[tuple[Row, dict[str, Result]]]
    starts: Sequence[tuple[Start, dict[str, StartResult]]]
    skipped: Sequence[str]
    sections: Sequence[str] = ()  # of what is measured beside operations and starts

    @property
    def others(self) -> list[Contender]:
        return [contender for contender in self.contenders if contender.name != "bare"]


class Proof(NamedTuple):
    """What shows who follows an application: the row that keeps all of its traces, with the results of those in it."""

    row: Row
    results: Mapping[str, Result]

    def blind(self, name: str) -> bool:
        """Whether it has been seen that a contender does not follow all of the work."""
        return name in self.results and bool(self.results[name].cpu) and not followed(self.row, self.results[name])

    def keeps(self, name: str) -> bool:
        """Whether it has been seen that a contender follows all of the work, and loses nothing."""
        return name in self.results and followed(self.row, self.results[name]) and self.results[name].lost <= 0


def document(report: Report) -> str:
    """The whole of docs/benchmarks.md."""
    sections = [heading(report)]
    if report.rows:
        sections += [OPERATIONS.format(table=operations(report)), ARRIVALS.format(table=arrivals(report))]
    if report.starts:
        sections += [STARTUP.format(table=startup(report), ratios=start_ratios(report))]
    return "\n".join([*sections, *report.sections, settings.section(report.others), *footnotes(report)])


def heading(report: Report) -> str:
    facts = "\n".join(f"- {name}: {value}" for name, value in report.facts.items())
    return HEADING.format(facts=facts)


def operations(report: Report) -> str:
    heads = [f"{contender.name} +us (quartiles)" for contender in report.others]
    lines = []
    for row, results in report.rows:
        bare, proof = results["bare"].cpu, proof_of(row, results, report)
        additions = {name: added(result.cpu, bare) for name, result in results.items()}
        cells = [cost(proof, one.name, additions[one.name]) for one in report.others]
        ratios = [fraction(ratio(additions.get("clew"), other)) for other in rivals(proof, additions)]
        honest = "clew" in results and complete(row, results["clew"])
        lines.append([row.title, middle(figure(bare)), *cells, *(ratios if honest else "--")])
    return table(["work", "bare us", *heads, "of contrib", "of the cheapest peer"], lines)


def proof_of(row: Row, results: Mapping[str, Result], report: Report) -> Proof:
    """For a row that keeps few traces or none, the row of the same application that keeps all: without it, no proof."""
    if row.mode == "on":
        return Proof(row, results)
    same = (one for one in report.rows if one[0].mode == "on" and one[0].application == row.application)
    return Proof(*next(same, (row, {})))


def cost(proof: Proof, name: str, added: Figure | None) -> str:
    if added is None:
        return "failed"
    if proof.blind(name):
        return "not followed" if proof.results[name].spans_each < 0.5 else "not followed in full"
    return with_spread(added)


def rivals(proof: Proof, added: Mapping[str, Figure | None]) -> list[Figure | None]:
    """What contrib adds, unless it looks away, and what the cheapest of the vendors adds that keep everything."""
    able = [
        figure
        for name, figure in added.items()
        if name not in ("bare", "clew", "contrib") and figure is not None and proof.keeps(name)
    ]
    contrib = None if proof.blind("contrib") else added.get("contrib")
    return [contrib, min(able, key=lambda figure: figure.median, default=None)]


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
                fraction(ratio(*(added(get(results[name]), get(results["bare"])) for name in ("clew", "contrib"))))
                for get in (wall, cpu, resident)
            ]
            lines.append([start.title, middle(figure(results["bare"].wall)), *cells])
    return table(["program", "bare ms", "ratio time", "ratio CPU", "ratio memory"], lines)


def wall(result: StartResult) -> list[float]:
    return result.wall


def cpu(result: StartResult) -> list[float]:
    return result.cpu


def resident(result: StartResult) -> list[float]:
    return result.resident


def footnotes(report: Report) -> list[str]:
    """What kept a figure from being there, and what the processes wrote to standard error."""
    results = [(row.title, name, result.complaint) for row, found in report.rows for name, result in found.items()]
    results += [(start.title, name, result.complaint) for start, by in report.starts for name, result in by.items()]
    alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for title, name, complaint in results:
        if complaint:
            # Where this machine has the project is nobody's business.
            alike[name, complaint.replace(f"{HERE.parent}/", "")].append(title)
    notes = [f"{name}: {'; '.join(titles)}\n\n```\n{text}\n```\n" for (name, text), titles in alike.items()]
    notes += [f"{left_out}\n" for left_out in report.skipped]
    return ["## Notes\n", *notes] if notes else []


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
    """1/6.3 for 0.159; a share above one half as it is, and one below the noise as its bound."""
    if value is None:
        return "-"
    if value < 0.005:
        return "< 1/200"
    return f"1/{1 / value:.1f}" if value < 0.5 else f"{value:.2f}"
