"""Finds the traces again where a Jaeger keeps them, by their request ID."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from clew_viewer.decode import TRACES, decode
from clew_viewer.traces import Traces

_direct = build_opener(ProxyHandler({}))


def search_address(jaeger: str, request_id: str) -> str:
    """The page on which Jaeger shows a request."""
    return f"{jaeger}/search?{_query(request_id)}"


def fetch(jaeger: str, request_ids: list[str], into: Traces) -> None:
    """Adds the spans that Jaeger has for these requests to the traces; not yet stored ones are no error."""
    for request_id in request_ids:
        for found in _get(f"{jaeger}/api/traces?{_query(request_id)}").get("data") or []:
            whole = _get(f"{jaeger}/api/v3/traces/{found['traceID']}")
            otlp = json.dumps(whole.get("result", {})).encode()
            into.add(decode(TRACES, otlp, is_json=True), time.monotonic())


def _query(request_id: str) -> str:
    tags = json.dumps({"request.id": request_id}, separators=(",", ":"))
    return urlencode({"service": "shop-front", "tags": tags, "lookback": "1h"})


def _get(url: str) -> dict[str, Any]:
    try:
        with _direct.open(url, timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except HTTPError as error:
        if error.code == 404:
            return {}
        raise
