"""Draws the rows of a trace: one line for a span, and beneath it what went wrong there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from clew_viewer.outline import Row
from clew_viewer.records import Failure, Span
from clew_viewer.style import Colour, Signs, status_style
from clew_viewer.text import clean, duration

_WIDE = 100
_BAR_CELLS = 24
_SERVICE_CELLS = 24
_DURATION_CELLS = 8
_DETAILS = ("db.query.text", "url.full")


class _Columns(NamedTuple):
    operation: int
    service: int
    bar: int


def row_drawer(rows: list[Row], width: int, signs: Signs, colour: Colour) -> Callable[[Row], Text]:
    """A function that draws one of these rows, in columns as wide as they need while the terminal has room."""
    columns = _columns(rows, width, signs)
    spans = [span for row in rows for span in row.spans]
    start, end = min(span.start for span in spans), max(span.end for span in spans)

    def draw(row: Row) -> Text:
        first = row.spans[0]
        operation = _operation(row, signs)
        operation.truncate(columns.operation, overflow="ellipsis", pad=True)
        service = Text(clean(first.service), style=colour(first.service))
        service.truncate(columns.service, overflow="ellipsis", pad=True)
        took = duration(sum(span.end - span.start for span in row.spans))
        line = Text("  ", no_wrap=True).append_text(operation).append("  ").append_text(service)
        line.append(f"  {took:>{_DURATION_CELLS}}")
        if columns.bar:
            before, cells = bar(first.start - start, max(span.end for span in row.spans) - start, end - start)
            line.append("  " + " " * before)
            line.append(signs.bar * cells, style="red" if first.failed else colour(first.service))
        return line

    return draw


def _columns(rows: list[Row], width: int, signs: Signs) -> _Columns:
    service = min(_SERVICE_CELLS, max(cell_len(clean(row.spans[0].service)) for row in rows))
    bar_cells = _BAR_CELLS if width >= _WIDE else 0
    room = width - service - bar_cells - _DURATION_CELLS - 8
    wanted = max(cell_len(_operation(row, signs).plain) for row in rows)
    return _Columns(max(20, min(wanted, room)), service, bar_cells)


def bar(start: int, end: int, whole: int) -> tuple[int, int]:
    """How many cells are before a span's bar and in it; the shortest has one."""
    scale = _BAR_CELLS / max(1, whole)
    before = min(_BAR_CELLS - 1, int(start * scale))
    return before, max(1, min(_BAR_CELLS - before, round((end - start) * scale)))


def _operation(row: Row, signs: Signs) -> Text:
    span = row.spans[0]
    text = Text()
    if len(row.branches) > 1:
        text.append(_past(row.branches[1:-1], signs) + (signs.more if row.branches[-1] else signs.last), style="dim")
    if len(row.spans) > 1:
        text.append(f"{len(row.spans)} {signs.times} ", style="bold yellow")
    text.append(f"{signs.error} " if span.failed else "", style="red")
    text.append(name(span), style="red" if span.failed else "")
    if status := http_status(span):
        text.append(f"  {status}", style=status_style(status))
    for key in _DETAILS:
        if detail := span.attributes.get(key):
            text.append(f"  {clean(str(detail)[:200])}", style="dim")
    return text


def _past(branches: tuple[bool, ...], signs: Signs) -> str:
    return "".join(signs.past if more else " " * len(signs.past) for more in branches)


def remarks(row: Row, signs: Signs) -> Iterator[tuple[str, Text]]:
    """Below a span: its exceptions or why else it failed, and what is odd about its place, with their indentation."""
    span = row.spans[0]
    indent = "  " + _past(row.branches[1:], signs) + "  "
    reason = span.status or str(span.attributes.get("error.type") or "")
    if span.failures:
        for failure in span.failures:
            yield indent, failure_text(failure)
    elif span.failed and reason not in ("", http_status(span)):
        yield indent, Text(clean(reason), style="red")
    if row.note:
        yield indent, Text(clean(row.note), style="yellow")


def failure_text(failure: Failure) -> Text:
    """An exception on one line: type, message and place."""
    text = Text(clean(failure.type), style="bold red")
    if failure.message:
        text.append(f": {clean(failure.message)}", style="red")
    if failure.place:
        text.append(f"  {clean(failure.place)}", style="dim")
    return text


def name(span: Span) -> str:
    return clean(span.name) or "(no name)"


def http_status(span: Span) -> str:
    """The span's HTTP status, or nothing."""
    status = span.attributes.get("http.response.status_code", span.attributes.get("http.status_code"))
    return clean(str(status)) if status is not None else ""
