"""Log records: the IDs of the work in hand on each, and each as an OTLP log in the trace that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from weakref import WeakSet

from opentelemetry import _logs
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from clew import failures
from clew.conventions import keys
from clew.hooks import Action, Hook, enrich
from clew.propagation import REQUEST_ID, SPAN, SUPPRESS, get_current
from clew.redaction import REDACTED, is_secret, redact_text
from clew.telemetry import SCHEMA_URL

#: The fields of a record that hold the IDs.
IDS = TRACE, SPAN_NAME, REQUEST = "trace_id", "span_id", "request_id"
#: Our own lines are for people; sending them where they may be about would never end.
OWN = "clew"
#: What is sent at once, as it may be the last that is heard.
URGENT = 40
_SEVERITIES = (
    (50, SeverityNumber.FATAL.value),
    (40, SeverityNumber.ERROR.value),
    (30, SeverityNumber.WARN.value),
    (20, SeverityNumber.INFO.value),
    (10, SeverityNumber.DEBUG.value),
    (1, SeverityNumber.TRACE.value),
)
#: What no application can change once it is attached.
_PLAIN = frozenset({str, int, float, bool, bytes, type(None)})
#: IDs and flags outside of a trace.
_NOWHERE = "", "", 0


class Line(NamedTuple):
    """One log record in plain words; time in nanoseconds since 1970, level on the scale of the standard library."""

    logger: str
    time: int
    level: int
    level_name: str
    body: str
    #: What the application attached to the line.
    extra: Mapping[str, Any]
    #: The IDs that were put on the record when it was made: trace, span, request. An application may have put there
    #: something of its own.
    ids: tuple[Any, Any, Any]
    error: BaseException | None = None
    function: str = ""
    line: int = 0


def ids_of(fields: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """The IDs among a record's fields, as `Line` wants them."""
    return fields.get(TRACE, ""), fields.get(SPAN_NAME, ""), fields.get(REQUEST, "")


def stamp(fields_of: Callable[..., dict[str, Any]]) -> Action:
    """Puts trace_id, span_id and request_id among a record's fields, empty outside of a request.

    A field of that name that the application has set stays what it is.
    """
    return Action(fields_of, _stamp)


def _stamp(fields: dict[str, Any]) -> None:
    context = get_current()
    trace_id, span_id, _ = _spelled(context)
    fields.setdefault(TRACE, trace_id)
    fields.setdefault(SPAN_NAME, span_id)
    fields.setdefault(REQUEST, context.get(REQUEST_ID, ""))


def emit(read_line: Callable[..., Line]) -> Action:
    """Sends each line as an OpenTelemetry log record. `read_line` mirrors the watched function, after its result."""
    loggers: dict[str, _logs.Logger] = {}

    def read(result: Any, *args: Any, **kwargs: Any) -> Line | None:
        if get_current().get(SUPPRESS) or (_sent and args[-1] in _sent):
            return None
        return read_line(*args, **kwargs)

    def tell(line: Line) -> None:
        if line.logger == OWN:
            return
        logger = loggers.get(line.logger)
        if logger is None:
            logger = loggers[line.logger] = _logs.get_logger(line.logger or "root", schema_url=SCHEMA_URL)
        later, context = getattr(logger, "later", _never), get_current()
        if not (_can_wait(line) and later(written, line, context)):
            logger.emit(record_of(line, context))

    return Action(read, tell)


def _can_wait(line: Line) -> bool:
    """Whether nobody waits for the line and nothing of it can change."""
    if line.level >= URGENT or line.error is not None:
        return False
    said = (*line.ids, *line.extra.values()) if line.extra else line.ids
    return all(map(_PLAIN.__contains__, map(type, said)))


#: The handlers with which an application sends its records itself, of the SDK and of the incumbent.
HANDLERS = ("opentelemetry.sdk._logs._internal", "opentelemetry.instrumentation.logging.handler")
_sent: WeakSet[Any] = WeakSet()


def sent_by_the_application() -> list[Hook]:
    """Notices the records that the application's own OpenTelemetry handler has sent, so that `emit` leaves them out."""

    def read(handler: Any, record: Any) -> Any:
        where = getattr(handler, "_logger_provider", None)
        return record if where is None or where is _logs.get_logger_provider() else None

    return [enrich(f"{module}:LoggingHandler.emit", Action(read, _sent.add), optional=True) for module in HANDLERS]


def _never(*record: Any) -> bool:
    return False


class Written(NamedTuple):
    """A log record in the fields of OTLP. Times in nanoseconds since 1970; IDs empty outside of a trace.

    The request ID stands beside the attributes, most of which come again with the next record.
    """

    timestamp: int
    observed: int
    severity: int
    severity_text: str
    body: str
    attributes: dict[str, Any]
    request_id: str
    trace_id: bytes
    span_id: bytes
    flags: int
    event_name: str = ""


def written(line: Line, context: Context) -> Written:
    """What is written out of a line, perhaps long after it was in this context; a LogRecord would take four times as
    long to make and to read."""
    trace_id, span_id, flags = _origin(line, context)
    attributes, request_id = _attributes(line, trace_id), line.ids[2]
    if request_id.__class__ is not str:  # the application's own: it stays what it is
        request_id = ""
    elif request_id:
        del attributes[keys.REQUEST_ID]
    return Written(
        line.time, line.time, _severity(line.level), line.level_name, redact_text(line.body), attributes,
        request_id, bytes.fromhex(trace_id), bytes.fromhex(span_id), flags,
    )  # fmt: skip


def record_of(line: Line, context: Context) -> _logs.LogRecord:
    """The same for who knows nothing of ours."""
    origin = _origin(line, context)
    return _logs.LogRecord(
        timestamp=line.time,
        observed_timestamp=line.time,
        context=context if origin == _spelled(context) else _elsewhere(origin, context),
        severity_text=line.level_name,
        severity_number=SeverityNumber(_severity(line.level)),
        body=redact_text(line.body),
        attributes=_attributes(line, origin[0]),
    )


def _attributes(line: Line, trace_id: str) -> dict[str, Any]:
    attributes: dict[str, Any] = {name: REDACTED if is_secret(name) else value for name, value in line.extra.items()}
    attributes[keys.CODE_FUNCTION_NAME] = line.function
    attributes[keys.CODE_LINE_NUMBER] = line.line
    said, _, request_id = line.ids
    if request_id:
        attributes[keys.REQUEST_ID] = request_id
    if said != trace_id and _number(said, 32) is None:
        attributes[TRACE] = said
    if line.error is not None:
        attributes.update(failures.describe(line.error))
    return attributes


@lru_cache(64)
def _severity(level: int) -> int:
    for least, number in _SEVERITIES:
        if level >= least:
            return number
    return 0


def _spelled(context: Context) -> tuple[str, str, int]:
    """The context's trace ID and span ID in hexadecimal digits, empty outside of a trace, and the trace's flags."""
    span: Any = context.get(SPAN)
    if span is None:
        return _NOWHERE
    spelled = getattr(span, "spelled", None)
    if spelled is not None:
        return spelled()  # type: ignore[no-any-return]
    here = span.get_span_context()
    return (f"{here.trace_id:032x}", f"{here.span_id:016x}", here.trace_flags) if here.trace_id else _NOWHERE


def _origin(line: Line, context: Context) -> tuple[str, str, int]:
    """The same of what a line belongs to: the context, unless the record was made elsewhere and only handed over here
    (a queue, a socket)."""
    here = _spelled(context)
    said, span_said, _ = line.ids
    if said == here[0]:
        return here
    trace_id = _number(said, 32)
    if trace_id is None:
        return here
    if not trace_id:
        return _NOWHERE
    span_id = _number(span_said, 16)
    return f"{trace_id:032x}", f"{span_id:016x}" if span_id else "", TraceFlags.SAMPLED


def _elsewhere(origin: tuple[str, str, int], context: Context) -> Context:
    trace_id, span_id, flags = origin
    came = SpanContext(int(trace_id or "0", 16), int(span_id or "0", 16), True, TraceFlags(flags))
    return Context({**context, SPAN: NonRecordingSpan(came)})


def _number(identifier: Any, digits: int) -> int | None:
    """What a record says as a trace or span ID: 0 where it has none, None where it is a word of the application's."""
    if identifier == "":
        return 0
    try:
        number = int(identifier, 16) if len(identifier) == digits else -1
    except (TypeError, ValueError):
        return None
    return number if number >= 0 else None
