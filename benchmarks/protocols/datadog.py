"""The trace intake of a Datadog agent: traces as msgpack in the layouts v0.4 and v0.5, statistics, telemetry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from protocols import msgpack
from protocols.ledger import Ledger

PATHS = r"/(info|v\d\.\d/.*|telemetry/.*|evp_proxy/.*|tracer_flare/.*|debugger/.*)"
INFO = {
    "version": "7.60.0",
    "endpoints": ["/v0.4/traces", "/v0.5/traces", "/v0.6/stats", "/telemetry/proxy/"],
    "client_drop_p0s": True,  # the agent need not see what the tracer has sampled out
    "config": {},
}
TRACE_ID, SPAN_ID = 3, 4  # positions in a span of v0.5


def receive(path: str, query: Mapping[str, str], body: bytes, ledger: Ledger) -> bytes:
    if path.endswith("/info"):
        return json.dumps(INFO).encode()
    if path.endswith("/traces"):
        ledger.add_spans(spans(path, body))
        return b'{"rate_by_service": {"service:,env:": 1}}'
    ledger.counts["points"] += path.endswith("/stats")
    return b"{}"


def spans(path: str, body: bytes) -> Iterator[tuple[int, int]]:
    """The IDs of all spans; v0.5 keeps all strings in a table in front and a span as an array."""
    content: Any = msgpack.decode(body)
    short = path.endswith("/v0.5/traces")
    try:
        for trace in content[1] if short else content:
            for span in trace:
                yield (span[TRACE_ID], span[SPAN_ID]) if short else (span["trace_id"], span["span_id"])
    except (IndexError, KeyError, TypeError) as error:
        raise ValueError(f"not traces as a Datadog agent takes them: {error!r}") from error
