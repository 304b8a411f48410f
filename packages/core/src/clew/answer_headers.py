"""What an answer tells its client, beside the request ID, of the span that it came from."""

from __future__ import annotations

from collections.abc import Callable

from clew import settings
from clew.operation import Work
from clew.probe import Probe

Headers = list[tuple[str, str]]


def telling(probe: Probe) -> Callable[[Work], Headers] | None:
    """Makes the headers `traceresponse` (W3C Trace Context, level 2) and `Server-Timing`, which a browser's own
    scripts can read; None where they are not asked for."""
    if not settings.current().trace_headers:
        return None

    def tell(work: Work) -> Headers:
        parent = probe.traceparent(work.call)[0] if work.request_id else ""
        return [("traceresponse", parent), ("Server-Timing", f'traceparent;desc="{parent}"')] if parent else []

    return tell
