"""What an answer tells its client, beside the request ID, of the span that it came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clew.operation import Headers, Scribe
from clew.settings import Settings


def telling(chosen: Settings, scribe: Scribe) -> Callable[[Any], Headers] | None:
    """Makes the headers `traceresponse` (W3C Trace Context, level 2) and `Server-Timing`, which a browser's own
    scripts can read; None where they are not asked for."""
    if not chosen.trace_headers:
        return None

    def tell(call: Any) -> Headers:
        parent = scribe.traceparent(call)[0]
        return (("traceresponse", parent), ("Server-Timing", f'traceparent;desc="{parent}"')) if parent else ()

    return tell
