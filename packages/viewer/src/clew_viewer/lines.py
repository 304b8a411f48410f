"""Writes traces as JSON, one line each, for programs that read them."""

from __future__ import annotations

import json
from typing import IO, Any

from clew_viewer.records import LogLine, Span
from clew_viewer.traces import Trace


def print_line(trace: Trace, stream: IO[str]) -> None:
    """Writes one trace; what is not ASCII is escaped, control characters too."""
    stream.write(json.dumps(as_dict(trace)) + "\n")
    stream.flush()


def as_dict(trace: Trace) -> dict[str, Any]:
    """A trace in plain types; times are nanoseconds, as strings because JSON numbers lose digits."""
    return {
        "trace_id": trace.trace_id,
        "request_id": trace.request_id,
        "state": "finished" if trace.complete else "unfinished",
        "updated": trace.updated,
        "spans": [_timed(span, "start", "end") for span in sorted(trace.spans, key=lambda span: span.start)],
        "logs": [_timed(line, "time") for line in sorted(trace.logs, key=lambda line: line.time)],
    }


def _timed(record: Span | LogLine, *times: str) -> dict[str, Any]:
    plain = record._asdict()
    for name in times:
        plain[name] = str(plain[name])
    if isinstance(record, Span):
        plain["failures"] = [failure._asdict() for failure in record.failures]
    elif record.failure:
        plain["failure"] = record.failure._asdict()
    del plain["trace_id"]
    return plain
