"""Whether a span costs the same in a long trace as in a short one, and among many routes as among few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from harness.contenders import Contender
from harness.figures import Figure, added
from harness.measuring import Bench, start_application
from harness.processes import Worker
from harness.report import middle, table

COMPARED = ("bare", "clew", "contrib")
ROUNDS = {"quick": 5, "full": 15}
MANY = 10_000
ROUND = 2000  # operations of a round; what is distinct has been seen before the first


@dataclass(frozen=True)
class Axis:
    """One thing that grows; a round has so many `operations` and `spans` at each of the `sizes`."""

    title: str
    application: str
    sizes: tuple[int, ...] = (10, 1000, MANY)
    operations: int = ROUND
    spans: int = ROUND


AXES = (
    Axis("spans of a trace, by hand", "growth.spans", (1, 100, MANY), 0, MANY),
    Axis("queries of a request", "growth.queries", operations=1000, spans=11 * 1000),
    # Every route once: what their series cost to send, which is done once a minute, would drown what a request costs.
    Axis("routes", "growth.routes", operations=MANY, spans=MANY),
    Axis("URLs", "growth.urls"),
    Axis("statements", "growth.statements"),
    Axis("values of an attribute", "growth.values"),
)

#: Microseconds per span, one entry per round; by contender and size.
Samples = dict[tuple[str, int], list[float]]

SECTION = """## Growth

{table}

Microseconds of CPU time that one span costs on top of bare, medians over interleaved rounds: the rows are what grows,
the columns how many there are (*few*: one for spans of a trace, ten for all others). What is distinct has been seen at
least once before the first round. *Growth*: the last by the first; 1 is flat. Contenders that lose spans, which the
queue of contrib does in a trace of ten thousand, save the cost of sending them.
"""


def measure(contenders: Sequence[Contender], bench: Bench, effort: str) -> list[tuple[Axis, Samples]]:
    compared = [contender for contender in contenders if contender.name in COMPARED]
    return [(axis, measure_axis(axis, compared, bench, ROUNDS[effort])) for axis in AXES]


def measure_axis(axis: Axis, contenders: Sequence[Contender], bench: Bench, rounds: int) -> Samples:
    samples: Samples = {}
    with ExitStack() as stack:
        workers = {}
        for size in axis.sizes:
            for contender in contenders:
                worker = workers[contender.name, size] = start(axis, size, contender, bench)
                stack.callback(worker.stop)
                worker.run(warm_up(axis, size))
        for _ in range(rounds):
            for (name, size), worker in workers.items():
                cpu = worker.run(operations(axis, size))["cpu"]
                samples.setdefault((name, size), []).append(cpu / axis.spans * 1e6)
    return samples


def start(axis: Axis, size: int, contender: Contender, bench: Bench) -> Worker:
    sender = f"{axis.application}.{size}.{contender.name}"
    return start_application(contender, bench, axis.application, sender, BENCH_SIZE=str(size))


def operations(axis: Axis, size: int) -> int:
    """Of one round: all sizes of an axis make the same number of spans."""
    return axis.operations or axis.spans // size


def warm_up(axis: Axis, size: int) -> int:
    return max(operations(axis, size), size if axis.operations == ROUND else 1)


def section(found: Sequence[tuple[Axis, Samples]]) -> str:
    names = [name for name in COMPARED[1:] if any((name, axis.sizes[0]) in samples for axis, samples in found)]
    lines = [
        [axis.title, name, *cells([per_span(samples, name, size) for size in axis.sizes])]
        for axis, samples in found
        for name in names
    ]
    return SECTION.format(table=table(["what grows", "contender", "few", "more", f"{MANY:,}", "growth"], lines))


def per_span(samples: Mapping[tuple[str, int], list[float]], name: str, size: int) -> Figure | None:
    return added(samples.get((name, size), []), samples.get(("bare", size), []))


def cells(figures: Sequence[Figure | None]) -> list[str]:
    first, last = figures[0], figures[-1]
    growth = f"{last.median / first.median:.2f}" if first and last and first.median > 0 else "-"
    return [*map(middle, figures), growth]
