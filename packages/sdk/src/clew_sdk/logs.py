"""The LoggerProvider and its loggers: a log record is encoded where it is emitted."""

from __future__ import annotations

from collections.abc import Callable
from time import time_ns
from typing import Any

from opentelemetry._logs import Logger as ApiLogger
from opentelemetry._logs import LoggerProvider as ApiLoggerProvider
from opentelemetry._logs import NoOpLogger
from opentelemetry.context import Context
from opentelemetry.trace import get_current_span

from clew_sdk import limits, pipeline, report, resource, settings
from clew_sdk.context import REQUEST_ID, get_current
from clew_sdk.exceptions import exception_attributes
from clew_sdk.guests.exporters import chosen
from clew_sdk.guests.logs import LogGuests, batching
from clew_sdk.native import monotonic
from clew_sdk.notes import Parcels
from clew_sdk.otlp.logs import Entry, LogEncoder, ids
from clew_sdk.otlp.request import field
from clew_sdk.otlp.values import copied
from clew_sdk.outbox import Outbox
from clew_sdk.scope import Scope

_ERROR = 17  # SeverityNumber.ERROR


class Logger(ApiLogger):
    def __init__(self, provider: LoggerProvider, scope: Scope) -> None:
        super().__init__(scope.name, scope.version, scope.schema_url, scope.attributes)
        self._provider, self.scope = provider, scope
        self.successor: Any = None

    @property
    def resource(self) -> Any:
        return self.scope.resource.for_guests()

    @property
    def instrumentation_scope(self) -> Any:
        return self.scope.for_guests()

    def enabled(self, **asked: Any) -> bool:
        if self.successor is not None:
            return bool(getattr(self.successor, "enabled", lambda **asked: True)(**asked))
        return self._provider.listening

    @property
    def outbox(self) -> Outbox | None:
        return self._provider.outbox

    def later(self, make: Callable[[Any, Context], Any], facts: Any, context: Context) -> bool:
        """Has `make` make of `facts` what has an Entry's fields, when there is time for many; False where somebody else
        wants a LogRecord, now."""
        provider = self._provider
        if self.successor is not None or provider.guests or provider.outbox is None:
            return False
        notes = provider.notes
        notes.pending.append((self._write, make, facts, context))
        if len(notes.pending) > notes.batch:
            notes.write_out()
        return True

    def _write(self, note: tuple[Any, ...], parcels: Parcels) -> None:
        _, make, facts, context = note
        parcels[self].append(field(self._provider.encoder.encode(make(facts, context))))

    def emit(self, record: Any = None, **parts: Any) -> None:
        """Takes a LogRecord of the API or of opentelemetry-sdk, or its parts by name."""
        provider = self._provider
        if self.successor is not None:
            self.successor.emit(record, **parts) if record is not None else self.successor.emit(**parts)
            return
        if not provider.listening:
            return
        try:
            if provider.guests:
                record = provider.guests.emit(self.scope, record, parts)
            entry = entry_of(getattr(record, "log_record", record)) if record is not None else _entry(parts)
            if provider.outbox is not None:
                provider.outbox.put(self.scope, provider.encoder.encode(entry), entry.severity >= _ERROR)
        except Exception as error:  # noqa: BLE001
            report.warn("log record", "clew: a log record could not be encoded (%s)", type(error).__name__)


class LoggerProvider(ApiLoggerProvider):
    """Takes what opentelemetry-sdk's LoggerProvider takes: its Resource and LogRecordProcessors."""

    def __init__(
        self, resource: Any = None, shutdown_on_exit: bool = True, multi_log_record_processor: Any = None, **later: Any
    ) -> None:
        self._pipeline = later.pop("pipeline", None) or pipeline.default()
        self._resource = _resource(resource)
        self.encoder, self.notes = LogEncoder(limits.log_limits()), self._pipeline.notes
        exporters = chosen("logs")
        self.outbox = self._pipeline.outboxes["logs"] if exporters.ours else None
        self.guests = LogGuests()
        for processor in (multi_log_record_processor, *map(batching, exporters.guests)):
            if processor is not None:
                self.guests.add(processor)
        self._disabled = settings.flag("OTEL_SDK_DISABLED")
        self._loggers: dict[Any, Logger] = {}
        self._successor: Any = None
        self._pipeline.parts.append(self)

    @property
    def resource(self) -> Any:
        return self._resource.for_guests()

    @property
    def listening(self) -> bool:
        return self.outbox is not None or bool(self.guests)

    def get_logger(
        self, name: str, version: str | None = None, schema_url: str | None = None, attributes: Any = None
    ) -> ApiLogger:
        if self._successor is not None:
            return self._successor.get_logger(name, version, schema_url, attributes)  # type: ignore[no-any-return]
        if self._disabled:
            return NoOpLogger(name, version, schema_url, attributes)
        key = (name, version, schema_url, str(attributes) if attributes else "")
        logger = self._loggers.get(key)
        if logger is None:
            scope = Scope(self._resource, name or "", version or "", schema_url or "", attributes)
            logger = self._loggers.setdefault(key, Logger(self, scope))
        return logger

    def add_log_record_processor(self, log_record_processor: Any) -> None:
        """Attaches an opentelemetry-sdk `LogRecordProcessor`."""
        if self._successor is not None and hasattr(self._successor, "add_log_record_processor"):
            self._successor.add_log_record_processor(log_record_processor)
        else:
            self.guests.add(log_record_processor)

    def force_flush(self, timeout_millis: float = 30000) -> bool:
        return self._pipeline.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        self._pipeline.flush(self._pipeline.exit_budget)
        self._disabled = True
        self.guests.shutdown()

    def hand_over(self, to: Any) -> None:
        """From now on `to` takes the log records, also those of the loggers that were made here."""
        self._successor = to
        for key, logger in list(self._loggers.items()):
            logger.successor = to.get_logger(key[0], key[1], key[2], logger.scope.attributes or None)

    @property
    def quiet(self) -> bool:
        return not self.guests

    def chores(self, flush: bool) -> float:
        return 3600.0

    def flush_guests(self, deadline: float) -> bool:
        return self.guests.force_flush(deadline - monotonic())

    def follow_fork(self) -> None:
        self._resource.follow_fork()


def _entry(parts: dict[str, Any]) -> Entry:
    """Of the parts that the API's Logger.emit takes by name."""
    part = parts.get
    context = part("context")
    if context is None:
        context = get_current()
    attributes = _attributes(part("attributes"), part("exception"), context)
    observed = part("observed_timestamp")
    return Entry(
        part("timestamp") or 0, time_ns() if observed is None else observed, _severity(part("severity_number")),
        part("severity_text") or "", part("body"), attributes, *_trace(context), part("event_name") or "",
    )  # fmt: skip


def entry_of(record: Any) -> Entry:
    """Older APIs know neither a context nor an event name nor an exception."""
    context = getattr(record, "context", None) or get_current()
    attributes = _attributes(record.attributes, getattr(record, "exception", None), context)
    observed = record.observed_timestamp or time_ns()
    return Entry(
        record.timestamp or 0, observed, _severity(record.severity_number), record.severity_text or "", record.body,
        attributes, *ids(record.trace_id, record.span_id), int(record.trace_flags or 0),
        getattr(record, "event_name", None) or "",
    )  # fmt: skip


def _attributes(given: Any, exception: BaseException | None, context: Context) -> dict[str, Any]:
    found = copied(given) if given else {}
    if exception is not None:
        found = {**exception_attributes(exception, limits.VALUE_LENGTH), **found}
    request_id = context.get(REQUEST_ID)
    if request_id is not None and "request.id" not in found:
        found["request.id"] = request_id
    return found


def _trace(context: Context) -> tuple[bytes, bytes, int]:
    """Trace ID, span ID and flags of the span in a context."""
    found = get_current_span(context).get_span_context()
    return *ids(found.trace_id, found.span_id), found.trace_flags


def _severity(number: Any) -> int:
    value = getattr(number, "value", number)
    return value if isinstance(value, int) and 0 <= value <= 24 else 0


def _resource(given: Any) -> resource.Resource:
    return resource.from_sdk(given) if given is not None else resource.default()
