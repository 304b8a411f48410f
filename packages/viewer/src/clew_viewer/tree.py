"""Draws a trace as a tree for the terminal: operations, services, durations, errors, and the log lines beneath."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from clew_viewer import limits
from clew_viewer.outline import outline
from clew_viewer.records import LogLine, Span
from clew_viewer.rows import failure_text, http_status, name, remarks, row_drawer
from clew_viewer.style import ASCII_SIGNS, LEVELS, Colour, Signs, service_colours, status_style
from clew_viewer.text import clean, clock, duration, plural
from clew_viewer.traces import Trace


class Line(NamedTuple):
    """Text that may be longer than the terminal is wide, what stands before it, and before its further lines."""

    before: Text
    text: Text
    rest: str = ""


def tree_printer(console: Console) -> Callable[[Trace], None]:
    """A function that prints traces; a service keeps its colour from one trace to the next."""
    colour = service_colours()
    signs = ASCII_SIGNS if console.options.ascii_only else Signs()

    def show(trace: Trace) -> None:
        for line in _draw(trace, console.width, signs, colour):
            before = line.before
            for part in line.text.wrap(console, max(20, console.width - before.cell_len)):
                part.rstrip()
                console.print(before.copy().append_text(part), soft_wrap=True)
                before = Text(line.rest, style="dim")
        console.print()

    return show


def _draw(trace: Trace, width: int, signs: Signs, colour: Colour) -> Iterator[Line]:
    rows = outline(trace.spans)
    shown = rows[: limits.ROWS]
    yield Line(Text(), _headline(trace, shown[0].spans[0] if shown else None, signs))
    yield Line(Text("  "), _identifiers(trace))
    if shown:
        draw = row_drawer(shown, width, signs, colour)
        for row in shown:
            yield Line(draw(row), Text())
            for indent, remark in remarks(row, signs):
                yield Line(Text(indent, style="dim"), remark, indent)
    if len(rows) > len(shown):
        yield Line(Text("  "), Text(f"and {plural(len(rows) - len(shown), 'row')} more", style="dim"))
    yield from _log_lines(trace.logs, signs, colour)


def _headline(trace: Trace, top: Span | None, signs: Signs) -> Text:
    """What was asked and how it went."""
    failed = sum(span.failed or bool(span.failures) for span in trace.spans)
    services = {span.service for span in trace.spans} | {line.service for line in trace.logs}
    title = Text(signs.error if failed else signs.fine, style="bold red" if failed else "bold green")
    if top:
        status = http_status(top)
        took = max(span.end for span in trace.spans) - min(span.start for span in trace.spans)
        title.append(f" {name(top)}", style="bold")
        title.append(f"  {status}" if status else "", style=status_style(status))
        title.append(f"  {duration(took)}").append(f"  {clock(top.start)}", style="dim")
    else:
        title.append(" log lines without spans", style="bold")
    about = f"{plural(len(services), 'service')}, {plural(len(trace.spans), 'span')}"
    title.append(f"  {signs.dot} {about}", style="dim")
    title.append(f", {plural(failed, 'error')}" if failed else "", style="red")
    for mark in ["unfinished"] * (not trace.complete) + ["updated"] * trace.updated:
        title.append(f"  {mark}", style="bold yellow")
    return title


def _identifiers(trace: Trace) -> Text:
    """The IDs by which the request is found elsewhere."""
    request = clean(trace.request_id)
    if request == trace.trace_id:
        return Text.assemble(("request and trace ", "dim"), request)
    line = Text.assemble(("request ", "dim"), request, "  ") if request else Text()
    return line.append("trace ", style="dim").append(trace.trace_id)


def _log_lines(logs: tuple[LogLine, ...], signs: Signs, colour: Colour) -> Iterator[Line]:
    """The log lines of a trace in the order of their times."""
    shown = sorted(logs, key=lambda line: line.time)[: limits.LOG_LINES]
    service_width = min(24, max((cell_len(clean(line.service)) for line in shown), default=0))
    level_width = min(8, max((len(clean(line.level)) for line in shown), default=0))
    for line in shown:
        level = Text(clean(line.level), style=LEVELS.get(line.level.upper(), "dim"))
        level.truncate(level_width, pad=True)
        service = Text(clean(line.service), style=colour(line.service))
        service.truncate(service_width, overflow="ellipsis", pad=True)
        before = Text.assemble("  ", (clock(line.time), "dim"), "  ", level, "  ", service, "  ")
        margin = " " * before.cell_len
        yield Line(before, Text(clean(line.body)), margin)
        if line.failure:
            yield Line(Text(margin), failure_text(line.failure), margin)
    if len(logs) > len(shown):
        yield Line(Text("  "), Text(f"and {plural(len(logs) - len(shown), 'log line')} more", style="dim"))
