"""Compiles an Operation into begin and end: the only code of this package that touches spans and histograms."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, cast

from opentelemetry.context import Context
from opentelemetry.trace import Span, StatusCode

from clew import failures
from clew.operation import Call, Operation, Started, Work
from clew.propagation import FAMILY, REQUEST_ID, SPAN, SUPPRESS, WORK, acceptor, get_current, injector, new_request_id
from clew.telemetry import Telemetry

Begin = Callable[..., "Call | None"]
End = Callable[[Call, Any, "BaseException | None"], None]
ERROR = StatusCode.ERROR
ENDED = Context()
REQUEST_ID_ATTRIBUTE = "request.id"


def compile_operation(operation: Operation, telemetry: Telemetry) -> tuple[Begin, End]:
    """Makes begin(*call's arguments) and end(call, result, error). Neither ever raises an Exception.

    begin returns None for a call that is not to be recorded.
    """
    begin = _begin_edge if operation.edge else _begin_inner
    return begin(operation, telemetry), _end(operation, telemetry)


def _begin_inner(operation: Operation, telemetry: Telemetry) -> Begin:
    """For a call inside the process's work, to a database or another service."""
    family, kind, read = operation.family, operation.kind, _reading(operation, telemetry)
    start_span, failed = telemetry.tracer.start_span, telemetry.guard.failed
    inject = injector(telemetry.settings, operation.write) if operation.write else None

    def begin(*args: Any, **kwargs: Any) -> Call | None:
        try:
            context = get_current()
            if context.get(FAMILY) is family or context.get(SUPPRESS):
                return None
            started = read(*args, **kwargs)
            if started is None:
                return None
            request_id = context.get(REQUEST_ID)
            if request_id:
                started.attributes[REQUEST_ID_ATTRIBUTE] = request_id
            span = start_span(started.name, context, kind, started.attributes)
            context = Context({**context, SPAN: span, FAMILY: family})
            if inject is not None and started.carrier is not None:
                _send(inject, started, span, context)
            return Call(span, context, started, perf_counter())
        except Exception as error:  # noqa: BLE001
            failed(error, f"begin {family}")
            return None

    def _send(inject: Any, started: Started, span: Span, context: Context) -> None:
        try:
            inject(started.carrier, span, context, started.facts.host if started.facts else "")
        except Exception as error:  # noqa: BLE001
            failed(error, f"inject {family}")

    return begin


def _begin_edge(operation: Operation, telemetry: Telemetry) -> Begin:
    """For work that comes from outside: a request, a message."""
    family, kind, read = operation.family, operation.kind, _reading(operation, telemetry)
    start_span, failed = telemetry.tracer.start_span, telemetry.guard.failed
    accept = acceptor(telemetry.settings)

    def begin(*args: Any, **kwargs: Any) -> Work | None:
        try:
            context = get_current()
            if context.get(SUPPRESS):
                return None
            started = read(*args, **kwargs)
            if started is None:
                return None
            context, request_id = accept(started.carrier or {}, context)
            span = start_span(started.name, context, kind, started.attributes)
            work = Work(span, context, started, perf_counter())
            work.request_id = request_id or new_request_id(span)
            span.set_attribute(REQUEST_ID_ATTRIBUTE, work.request_id)
            own = {SPAN: span, FAMILY: family, WORK: work, REQUEST_ID: work.request_id}
            work.context = Context({**context, **own})
            return work
        except Exception as error:  # noqa: BLE001
            failed(error, f"begin {family}")
            return None

    return begin


def _reading(operation: Operation, telemetry: Telemetry) -> Callable[..., Started | None]:
    """The operation's start; when it fails the call is still followed, under the family's name."""
    start, family, failed = operation.start, operation.family, telemetry.guard.failed

    def read(*args: Any, **kwargs: Any) -> Started | None:
        try:
            return start(*args, **kwargs)
        except Exception as error:  # noqa: BLE001
            failed(error, f"reader of {family}")
            return Started(family, {}, None)

    return read


def _end(operation: Operation, telemetry: Telemetry) -> End:
    finish, family, failed = operation.finish, operation.family, telemetry.guard.failed
    point = telemetry.points(operation.metric, operation.point)

    def end(call: Call, result: Any, error: BaseException | None) -> None:
        span, context = call.span, call.context
        try:
            seconds = perf_counter() - call.clock
            if call.started.facts is not None:
                finished = finish(call.started, result, error)
                if finished.labels is not None:
                    point(finished.labels)(seconds, context)
                if span.is_recording():
                    _complete(span, finished, error, context)
        except Exception as mistake:  # noqa: BLE001
            failed(mistake, f"end {family}")
        # The context holds the work and the work holds the context: a cycle for each request, unless it is cut here.
        call.context = ENDED
        try:
            span.end()
        except Exception as mistake:  # noqa: BLE001
            failed(mistake, f"end {family}")

    return end


def _complete(span: Span, finished: Any, error: BaseException | None, context: Context) -> None:
    span.set_attributes(finished.attributes)
    if finished.name is not None:
        span.update_name(finished.name)
    if finished.error is not None:
        span.set_status(ERROR, failures.message(error) if error is not None else None)
        if error is not None:
            _record_once(span, error, context)


def _record_once(span: Span, error: BaseException, context: Context) -> None:
    """Puts the exception on the innermost span that it leaves, and on no other."""
    work = cast("Work | None", context.get(WORK))
    if work is not None:
        if work.recorded is error:
            return
        work.recorded = error
    span.add_event("exception", failures.describe(error))
