"""Compiles an Operation into begin and end: the only code of this package that touches spans and histograms."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, cast

from opentelemetry.context import Context
from opentelemetry.trace import Span, StatusCode

from clew import failures
from clew.operation import Call, Operation, Work
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
    family, kind, start = operation.family, operation.kind, operation.start
    start_span, failed = telemetry.tracer.start_span, telemetry.guard.failed
    inject = injector(telemetry.settings, operation.write) if operation.write else None

    def begin(*args: Any, **kwargs: Any) -> Call | None:
        try:
            context = get_current()
            if context.get(FAMILY) is family or context.get(SUPPRESS):
                return None
            try:
                started = start(*args, **kwargs)
                if started is None:
                    return None
                name, attributes, facts, carrier = started
            except Exception as error:  # noqa: BLE001
                failed(error, f"reader of {family}")
                name, attributes, facts, carrier = family, {}, None, None
            request_id = context.get(REQUEST_ID)
            if request_id is not None:
                attributes[REQUEST_ID_ATTRIBUTE] = request_id
            span = start_span(name, context, kind, attributes)
            context = Context({**context, SPAN: span, FAMILY: family})
            if carrier is not None and inject is not None:
                try:
                    inject(carrier, span, context, facts.host)
                except Exception as error:  # noqa: BLE001
                    failed(error, f"inject {family}")
            return Call(span, context, facts, perf_counter())
        except Exception as error:  # noqa: BLE001
            failed(error, f"begin {family}")
            return None

    return begin


def _begin_edge(operation: Operation, telemetry: Telemetry) -> Begin:
    """For work that comes from outside: a request, a message."""
    family, kind, start = operation.family, operation.kind, operation.start
    start_span, failed = telemetry.tracer.start_span, telemetry.guard.failed
    accept = acceptor(telemetry.settings)

    def begin(*args: Any, **kwargs: Any) -> Work | None:
        try:
            context = get_current()
            if context.get(SUPPRESS):
                return None
            try:
                started = start(*args, **kwargs)
                if started is None:
                    return None
                name, attributes, facts, carrier = started
            except Exception as error:  # noqa: BLE001
                failed(error, f"reader of {family}")
                name, attributes, facts, carrier = family, {}, None, None
            request_id = ""
            if carrier:
                context, request_id = accept(carrier, context)
            span = start_span(name, context, kind, attributes)
            work = Work(span, context, facts, perf_counter())
            work.request_id = request_id = request_id or new_request_id(span)
            span.set_attribute(REQUEST_ID_ATTRIBUTE, request_id)
            work.context = Context({**context, SPAN: span, FAMILY: family, WORK: work, REQUEST_ID: request_id})
            return work
        except Exception as error:  # noqa: BLE001
            failed(error, f"begin {family}")
            return None

    return begin


def _end(operation: Operation, telemetry: Telemetry) -> End:
    finish, family, failed = operation.finish, operation.family, telemetry.guard.failed
    point = telemetry.points(operation.metric, operation.point)

    def end(call: Call, result: Any, error: BaseException | None) -> None:
        span, context = call.span, call.context
        try:
            seconds = perf_counter() - call.clock
            if call.facts is not None:
                attributes, labels, kind, name = finish(call.facts, result, error)
                if labels is not None:
                    point(labels)(seconds, context)
                if span.is_recording():
                    span.set_attributes(attributes)
                    if name is not None:
                        span.update_name(name)
                    if kind is not None:
                        _fail(span, error, context)
        except Exception as mistake:  # noqa: BLE001
            failed(mistake, f"end {family}")
        # The context holds the work and the work holds the context: a cycle for each request, unless it is cut here.
        call.context = ENDED
        try:
            span.end()
        except Exception as mistake:  # noqa: BLE001
            failed(mistake, f"end {family}")

    return end


def _fail(span: Span, error: BaseException | None, context: Context) -> None:
    if error is None:
        span.set_status(ERROR)
    else:
        span.set_status(ERROR, failures.message(error))
        _record_once(span, error, context)


def _record_once(span: Span, error: BaseException, context: Context) -> None:
    """Puts the exception on the innermost span that it leaves, and on no other."""
    work = cast("Work | None", context.get(WORK))
    if work is not None:
        if work.recorded is error:
            return
        work.recorded = error
    span.add_event("exception", failures.describe(error))
