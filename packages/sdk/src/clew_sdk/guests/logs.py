"""Foreign LogRecordProcessors on our log records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry._logs import LogRecord
from opentelemetry.context import Context

from clew_sdk.context import REQUEST_ID, get_current
from clew_sdk.guests.guard import ask
from clew_sdk.native import monotonic
from clew_sdk.scope import Scope


class LogGuests:
    """The processors of one provider. They may change a record, and are asked before it is encoded."""

    def __init__(self) -> None:
        self._processors: tuple[Any, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._processors)

    def add(self, processor: Any) -> None:
        self._processors += (processor,)

    def emit(self, scope: Scope, record: Any, parts: Mapping[str, Any]) -> Any:
        """Returns the record as the guests leave it."""
        shown = _writable(scope, record if record is not None else LogRecord(**parts))
        for processor in self._processors:
            ask(getattr(processor, "on_emit", None) or processor.emit, shown)
        return shown.log_record

    def force_flush(self, seconds: float) -> bool:
        deadline, complete = monotonic() + seconds, True
        for processor in self._processors:
            left = max(0, int((deadline - monotonic()) * 1000))
            complete = ask(processor.force_flush, left) is not False and complete
        return complete

    def shutdown(self) -> None:
        for processor in self._processors:
            ask(processor.shutdown)


def batching(exporter: Any) -> Any:
    """The official processor around a foreign exporter."""
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    return BatchLogRecordProcessor(exporter)


def _writable(scope: Scope, record: Any) -> Any:
    """opentelemetry-sdk's ReadWriteLogRecord, or LogData before 1.39."""
    from opentelemetry.sdk import _logs as sdk

    if hasattr(record, "log_record"):
        return record
    context = getattr(record, "context", None)
    request_id = (context if isinstance(context, Context) else get_current()).get(REQUEST_ID)
    if request_id is not None:
        record.attributes = {"request.id": request_id, **(record.attributes or {})}
    if hasattr(sdk, "ReadWriteLogRecord"):
        return sdk.ReadWriteLogRecord(record, scope.resource.for_guests(), scope.for_guests())
    return sdk.LogData(record, scope.for_guests())  # type: ignore[attr-defined]
