"""Log records as JSON lines (CLEW_LOG_FORMAT=json): one object a line, the same keys for every library."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from clew import failures
from clew.conventions.log import REQUEST, SPAN_NAME, TRACE, Line
from clew.hooks import Action
from clew.redaction import REDACTED, is_secret


def lines(read_line: Callable[..., Line | None]) -> Action:
    """Formats a line as JSON when the setting asks for it; where `read_line` gives None the library formats it."""

    return Action(read_line, _as_json, wanted=lambda settings: settings.log_format == "json")


def _as_json(line: Line) -> str:
    return json.dumps(as_object(line), default=_plain, ensure_ascii=False)


def as_object(line: Line) -> dict[str, Any]:
    """The line as a JSON object; what the application attached comes last and replaces nothing."""
    moment = datetime.fromtimestamp(line.time / 1e9, timezone.utc)
    trace_id, span_id, request_id = line.ids
    fields: dict[str, Any] = {
        "timestamp": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "level": line.level_name,
        "logger": line.logger,
        "message": line.body,
        TRACE: trace_id,
        SPAN_NAME: span_id,
        REQUEST: request_id,
    }
    if line.error is not None:
        fields["exception"] = failures.describe(line.error)
    for name, value in line.extra.items():
        fields.setdefault(name, REDACTED if is_secret(name) else value)
    return fields


def _plain(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001
        return f"<{type(value).__name__}>"
