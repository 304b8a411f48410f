"""Draws a trace as a tree for the terminal: operations, services, durations, errors, and the log lines beneath."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from clew_viewer import limits
from clew_viewer.outline import Row, outline
from clew_viewer.records import Failure, LogLine, Span
from clew_viewer.text import clean, clock, duration, plural
from clew_viewer.traces import Trace

Colour = Callable[[str], str]

_SERVICE_COLOURS = ("cyan", "magenta", "blue", "yellow", "green", "bright_cyan", "bright_magenta", "bright_blue")
_LEVEL_COLOURS = {"WARN": "yellow", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red", "FATAL": "bold red"}
_WIDE = 100


class Signs(NamedTuple):
    """The characters that the tree is drawn with."""

    last: str = "└─ "
    more: str = "├─ "
    pass_by: str = "│  "
    error: str = "✗"
    fine: str = "●"
    times: str = "\N{MULTIPLICATION SIGN}"
    dot: str = "·"
    bar: str = "━"


PLAIN_SIGNS = Signs("`- ", "|- ", "|  ", "!", "*", "x", "-", "=")


def tree_printer(console: Console) -> Callable[[Trace], None]:
    """A function that prints traces; a service keeps its colour from one trace to the next."""
    colours: dict[str, str] = {}
    palette = cycle(_SERVICE_COLOURS)
    signs = PLAIN_SIGNS if console.options.ascii_only else Signs()

    def colour(service: str) -> str:
        if service not in colours and len(colours) < limits.ATTRIBUTES:
            colours[service] = next(palette)
        return colours.get(service, "white")

    def show(trace: Trace) -> None:
        for line in _draw(trace, console.width, signs, colour):
            console.print(line)
        console.print()

    return show


def _draw(trace: Trace, width: int, signs: Signs, colour: Colour) -> Iterator[Text | Padding]:
    rows = outline(trace.spans)
    yield from headline(trace, rows, signs)
    if rows:
        start, end = min(span.start for span in trace.spans), max(span.end for span in trace.spans)
        columns = _columns(rows[: limits.ROWS], width, signs)
        for row in rows[: limits.ROWS]:
            yield _row(row, columns, (start, end), signs, colour)
            yield from _remarks(row, rows, signs)
        if len(rows) > limits.ROWS:
            yield Text(f"  and {plural(len(rows) - limits.ROWS, 'row')} more", style="dim")
    yield from log_lines(trace.logs, signs, colour)


def headline(trace: Trace, rows: list[Row], signs: Signs) -> Iterator[Text]:
    """Two lines: what was asked and how it went, and the IDs by which it is found elsewhere."""
    failed = sum(span.failed or bool(span.failures) for span in trace.spans)
    services = {span.service for span in trace.spans} | {line.service for line in trace.logs}
    top = rows[0].spans[0] if rows else None
    title = Text(signs.error if failed else signs.fine, style="bold red" if failed else "bold green")
    title.append(f" {_name(top)}" if top else " log lines without spans", style="bold")
    if top:
        status = _http_status(top)
        took = max(span.end for span in trace.spans) - min(span.start for span in trace.spans)
        title.append(f"  {status}" if status else "", style=_status_style(status))
        title.append(f"  {duration(took)}")
        title.append(f"  {clock(top.start)}", style="dim")
    about = [plural(len(services), "service"), plural(len(trace.spans), "span")]
    title.append(f"  {signs.dot} " + ", ".join(about), style="dim")
    if failed:
        title.append(f", {plural(failed, 'error')}", style="red")
    for mark in ["unfinished"] * (not trace.complete) + ["updated"] * trace.updated:
        title.append(f"  {mark}", style="bold yellow")
    yield title
    yield _identifiers(trace)


def _identifiers(trace: Trace) -> Text:
    request = clean(trace.request_id)
    if request == trace.trace_id:
        return Text.assemble(("  request and trace ", "dim"), request)
    line = Text.assemble(("  request ", "dim"), request, "  ") if request else Text("  ")
    return line.append("trace ", style="dim").append(trace.trace_id)


class _Columns(NamedTuple):
    operation: int
    service: int
    bar: int


_DURATION_WIDTH = 8


def _columns(rows: list[Row], width: int, signs: Signs) -> _Columns:
    """How wide each column is: what its longest entry needs, while the terminal has room."""
    service = min(24, max(cell_len(clean(row.spans[0].service)) for row in rows))
    bar = 24 if width >= _WIDE else 0
    room = width - service - bar - _DURATION_WIDTH - 8
    wanted = max(cell_len(_operation(row, signs).plain) for row in rows)
    return _Columns(max(20, min(wanted, room)), service, bar)


def _row(row: Row, columns: _Columns, trace_times: tuple[int, int], signs: Signs, colour: Colour) -> Text:
    first, last = row.spans[0], row.spans[-1]
    line = Text("  ", no_wrap=True, overflow="ellipsis")
    operation = _operation(row, signs)
    operation.truncate(columns.operation, overflow="ellipsis", pad=True)
    service = Text(clean(first.service), style=colour(first.service))
    service.truncate(columns.service, overflow="ellipsis", pad=True)
    took = duration(sum(span.end - span.start for span in row.spans))
    line.append_text(operation).append("  ").append_text(service).append(f"  {took:>{_DURATION_WIDTH}}")
    if columns.bar:
        bar = _bar((first.start, max(span.end for span in row.spans) if last is not first else first.end), trace_times)
        style = "red" if first.failed else colour(first.service)
        line.append("  " + " " * bar[0]).append(signs.bar * bar[1], style=style)
    return line


def _bar(times: tuple[int, int], trace_times: tuple[int, int]) -> tuple[int, int]:
    """Where a span's bar begins and how long it is, in cells; the shortest span has one."""
    cells = 24
    start, end = trace_times
    scale = cells / max(1, end - start)
    begin = min(cells - 1, int((times[0] - start) * scale))
    return begin, max(1, min(cells - begin, round((times[1] - times[0]) * scale)))


def _operation(row: Row, signs: Signs) -> Text:
    span = row.spans[0]
    text = Text()
    if len(row.branches) > 1:
        passed = "".join(signs.pass_by if more else "   " for more in row.branches[1:-1])
        text.append(passed + (signs.more if row.branches[-1] else signs.last), style="dim")
    if len(row.spans) > 1:
        text.append(f"{len(row.spans)} {signs.times} ", style="bold yellow")
    text.append(_name(span), style="red" if span.failed else "")
    if status := _http_status(span):
        text.append(f"  {status}", style=_status_style(status))
    for key in ("db.query.text", "url.full"):
        if detail := span.attributes.get(key):
            text.append(f"  {clean(str(detail)[:200])}", style="dim")
    return text


def _remarks(row: Row, rows: list[Row], signs: Signs) -> Iterator[Padding]:
    """Below a span: its exceptions, or why else it failed, and what is odd about its place."""
    span = row.spans[0]
    indent = 2 + 3 * max(0, len(row.branches) - 1) + 2
    failures = [_failure(failure) for failure in span.failures]
    if span.failed and not failures:
        reason = span.status or str(span.attributes.get("error.type") or "")
        failures = [Text(clean(reason))] if reason else []
    for failure in failures:
        yield Padding(Text(f"{signs.error} ", style="red").append_text(failure), (0, 0, 0, indent))
    if row.note:
        yield Padding(Text(clean(row.note), style="yellow"), (0, 0, 0, indent))


def _failure(failure: Failure) -> Text:
    text = Text(clean(failure.type), style="bold red")
    if failure.message:
        text.append(f": {clean(failure.message)}", style="red")
    if failure.place:
        text.append(f"  {clean(failure.place)}", style="dim")
    return text


def log_lines(logs: tuple[LogLine, ...], signs: Signs, colour: Colour) -> Iterator[Padding]:
    """The log lines of a trace in the order of their times."""
    if not logs:
        return
    service_width = min(24, max(cell_len(clean(line.service)) for line in logs))
    level_width = min(8, max(len(clean(line.level)) for line in logs))
    for line in sorted(logs, key=lambda line: line.time)[: limits.LOG_LINES]:
        level = Text(clean(line.level), style=_LEVEL_COLOURS.get(line.level.upper(), "dim"))
        level.truncate(level_width, pad=True)
        service = Text(clean(line.service), style=colour(line.service))
        service.truncate(service_width, overflow="ellipsis", pad=True)
        text = Text.assemble((clock(line.time), "dim"), "  ", level, "  ", service, "  ", clean(line.body))
        if line.failure:
            text.append(f"  {signs.error} ", style="red").append_text(_failure(line.failure))
        yield Padding(text, (0, 0, 0, 2))
    if len(logs) > limits.LOG_LINES:
        yield Padding(Text(f"and {plural(len(logs) - limits.LOG_LINES, 'log line')} more", style="dim"), (0, 0, 0, 2))


def _name(span: Span) -> str:
    return clean(span.name) or "(no name)"


def _http_status(span: Span) -> str:
    status = span.attributes.get("http.response.status_code", span.attributes.get("http.status_code"))
    return clean(str(status)) if status is not None else ""


def _status_style(status: str) -> str:
    return {"4": "yellow", "5": "bold red"}.get(status[:1], "green")
