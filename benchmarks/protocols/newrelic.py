"""The collector of New Relic: one path, a method in the query, JSON in and out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from protocols.ledger import Ledger

PATHS = r"/agent_listener/invoke_raw_method"
SENDER = "license_key"  # the parameter that tells who sends: the agent knows a host and a port, but no path of its own
LIMIT = 10_000  # the most events that the agent keeps between two harvests
EVENTS = ("span_event_data", "analytic_event_data", "custom_event_data", "error_event_data", "log_event_data")
CONNECTED: dict[str, Any] = {
    "agent_run_id": "1",
    "collect_traces": True,
    "collect_analytics_events": True,
    "collect_span_events": True,
    "collect_errors": True,
    "data_report_period": 60,
    "sampling_target": 1_000_000,  # transactions in a minute: all of them
    "sampling_target_period_in_seconds": 60,
    "event_harvest_config": {"report_period_ms": 5000, "harvest_limits": dict.fromkeys(EVENTS, LIMIT)},
    "span_event_harvest_config": {"report_period_ms": 5000, "harvest_limit": LIMIT},
    "trusted_account_key": "1",
    "account_id": "1",
    "primary_application_id": "1",
}
ANSWERS = {"preconnect": {"redirect_host": "127.0.0.1"}, "connect": CONNECTED, "get_agent_commands": []}


def receive(path: str, query: Mapping[str, str], body: bytes, ledger: Ledger) -> bytes:
    method = query.get("method", "")
    sent = json.loads(body) if body else []
    if method == "span_event_data":
        ledger.add_spans((span[0]["traceId"], span[0]["guid"]) for span in sent[2])
    elif method == "metric_data":
        ledger.counts["points"] += len(sent[3])
    elif method == "log_event_data":
        ledger.counts["logs"] += sum(len(part["logs"]) for part in sent)
    return json.dumps({"return_value": ANSWERS.get(method)}).encode()
