"""What has to be true of a trace, so that a request can be followed through all services."""

from __future__ import annotations

from collections.abc import Iterator

from clew_viewer.records import Span, request_id
from clew_viewer.traces import Trace
from running.load import DECLINED, Answer

ALL = {"shop-front", "shop-stock", "shop-payment"}


def problems(answer: Answer, trace: Trace | None, with_logs: bool) -> Iterator[str]:
    """Everything that is wrong with the trace of an answered request, a sentence each."""
    for problem in _problems(answer, trace, with_logs):
        yield f"{answer.visit.method} {answer.visit.path} ({answer.request_id or 'no request ID'}): {problem}"


def _problems(answer: Answer, trace: Trace | None, with_logs: bool) -> Iterator[str]:
    if answer.status != answer.visit.status:
        yield f"was answered with {answer.status} instead of {answer.visit.status}"
    if not answer.request_id:
        yield "the answer carries no X-Request-ID"
    if answer.visit.request_id not in ("", answer.request_id):
        yield f"the answer does not carry the ID that was sent, {answer.visit.request_id}"
    if trace is None:
        yield "no trace has arrived"
        return
    yield from _wrong_ids(answer, trace)
    yield from _wrong_parents(trace)
    if answer.visit.path == "/checkout":
        yield from _missing_services(trace, with_logs)
    if answer.visit == DECLINED:
        yield from _missing_errors(trace, with_logs)


def _wrong_ids(answer: Answer, trace: Trace) -> Iterator[str]:
    for span in trace.spans:
        if request_id(span.attributes) != answer.request_id:
            yield f"the span {span.name} of {span.service} does not carry the request ID"
    for line in trace.logs:
        if request_id(line.attributes) != answer.request_id:
            yield f"the log line {line.body!r} of {line.service} does not carry the request ID"


def _wrong_parents(trace: Trace) -> Iterator[str]:
    """One root, the front's SERVER span; each other SERVER span hangs below another service's CLIENT span."""
    spans = {span.span_id: span for span in trace.spans}
    roots = [span for span in trace.spans if not span.parent_id]
    if [(span.kind, span.service) for span in roots] != [("SERVER", "shop-front")]:
        yield f"its roots are {[_place(span) for span in roots]}"
    for span in trace.spans:
        parent = spans.get(span.parent_id)
        if span.parent_id and parent is None:
            yield f"the parent of {_place(span)} is missing"
        elif span.kind == "SERVER" and parent and (parent.kind != "CLIENT" or parent.service == span.service):
            yield f"{_place(span)} hangs below {_place(parent)}"


def _missing_services(trace: Trace, with_logs: bool) -> Iterator[str]:
    if missing := ALL - {span.service for span in trace.spans}:
        yield f"no spans from {', '.join(sorted(missing))}"
    if with_logs and (missing := ALL - {line.service for line in trace.logs}):
        yield f"no log lines from {', '.join(sorted(missing))}"


def _missing_errors(trace: Trace, with_logs: bool) -> Iterator[str]:
    failed = [span for span in trace.spans if span.failed]
    if not any(span.service == "shop-front" and span.kind == "SERVER" for span in failed):
        yield "the front's span is not an error"
    raised = [failure.type for span in failed if span.service == "shop-payment" for failure in span.failures]
    if not any(kind.endswith("CardDeclinedError") for kind in raised):
        yield f"payment's span does not have its exception, but {raised}"
    errors = [line for line in trace.logs if line.service == "shop-front" and line.level == "ERROR"]
    if with_logs and not any(line.failure for line in errors):
        yield "the front's log line with the exception is missing"


def _place(span: Span) -> str:
    return f"{span.kind} {span.name} of {span.service}"
