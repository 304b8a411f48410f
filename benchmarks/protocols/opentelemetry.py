"""OTLP over HTTP: /v1/traces, /v1/metrics, /v1/logs with protobuf."""

from __future__ import annotations

from collections.abc import Mapping

from harness import otlp

from protocols.ledger import Ledger

PATHS = r"/v1/(traces|metrics|logs)"


def receive(path: str, query: Mapping[str, str], body: bytes, ledger: Ledger) -> bytes:
    if path.endswith("traces"):
        ledger.add_spans(otlp.spans(body))
    elif path.endswith("metrics"):
        ledger.counts["points"] += otlp.points(body)
    else:
        ledger.counts["logs"] += otlp.log_records(body)
    return b""
