"""Puts the spans of a trace in the order in which a tree shows them; nothing is repaired silently."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from clew_viewer.records import Span

REPEATED = 5
LEVELS = 24


class Row(NamedTuple):
    """One line of the tree: a span, or several alike that follow each other.

    branches says for each ancestor level whether more siblings follow; note is what is odd about the place.
    """

    spans: tuple[Span, ...]
    branches: tuple[bool, ...]
    note: str = ""


def outline(spans: Iterable[Span]) -> list[Row]:
    """The rows from the root downwards; spans without their parent follow as further roots and are marked."""
    by_start = sorted(spans, key=lambda span: (span.start, -span.end))
    known = {span.span_id for span in by_start}
    children: dict[str, list[Span]] = defaultdict(list)
    for span in by_start:
        children[span.parent_id if span.parent_id in known else ""].append(span)
    roots = sorted(children.pop("", []), key=lambda span: bool(span.parent_id))
    rows, seen = _walk(roots, children)
    for span in by_start:  # whatever is left hangs in a circle of parents
        if span.span_id not in seen:
            more, reached = _walk([span], children, seen)
            rows += [more[0]._replace(note="its parents form a circle"), *more[1:]]
            seen |= reached
    return rows


def _walk(roots: list[Span], children: dict[str, list[Span]], known: Iterable[str] = ()) -> tuple[list[Row], set[str]]:
    """Depth first with a stack of its own, because a trace may be deeper than Python's."""
    rows, seen = [], set(known)
    todo = _rows(roots, (), children)
    while todo:
        row = todo.pop()
        fresh = tuple(span for span in row.spans if span.span_id not in seen)
        if fresh:
            seen.update(span.span_id for span in fresh)
            rows.append(row)
            todo += _rows(children.get(fresh[0].span_id, []), row.branches, children)
    return rows, seen


def _rows(siblings: list[Span], above: tuple[bool, ...], children: dict[str, list[Span]]) -> list[Row]:
    """The rows of siblings, last first; five or more alike that follow each other make one row."""
    groups: list[tuple[Span, ...]] = []
    for alike, run in groupby(siblings, lambda span: _likeness(span, children)):
        members = tuple(run)
        groups += [members] if alike and len(members) >= REPEATED else [(span,) for span in members]
    last = len(groups) - 1
    deeper = len(above) < LEVELS  # below that the tree is drawn straight down
    return [
        Row(group, (*above, at < last) if deeper else above, _note(group[0], above)) for at, group in enumerate(groups)
    ][::-1]


def _likeness(span: Span, children: dict[str, list[Span]]) -> tuple[str, str, str] | None:
    """What repeated calls have in common; None for a span that is worth a line of its own."""
    if span.failed or span.failures or span.span_id in children:
        return None
    return span.kind, span.name, span.service


def _note(span: Span, above: tuple[bool, ...]) -> str:
    return f"its parent {span.parent_id} has not arrived" if span.parent_id and not above else ""
