"""The intake of an Elastic APM server: a JSON object a line, and the configuration that an agent asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping

from protocols.ledger import Ledger

PATHS = r"/(intake/v2/events|config/v1/agents)?"
SPANS = ("transaction", "span")


def receive(path: str, query: Mapping[str, str], body: bytes, ledger: Ledger) -> bytes:
    if not path.endswith("/events"):
        return b"{}" if path.endswith("/agents") else b'{"version": "8.15.0"}'
    events = [(kind, content) for line in body.splitlines() if line for kind, content in json.loads(line).items()]
    ledger.add_spans((content["trace_id"], content["id"]) for kind, content in events if kind in SPANS)
    ledger.counts["points"] += sum(kind == "metricset" for kind, _ in events)
    ledger.counts["logs"] += sum(kind == "log" for kind, _ in events)
    return b""
