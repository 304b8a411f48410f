"""Compiles an Operation into begin and end: what happens in a call, whoever writes it down. Neither ever raises."""

from __future__ import annotations

from time import perf_counter_ns as clock
from typing import Any, cast

from opentelemetry.context import Context
from opentelemetry.trace import get_current_span

from clew import failures, repeating, slow
from clew.answer_headers import telling
from clew.exclusion import EXCLUDED, Silence, exclusion, passer_on, silent_work
from clew.operation import FAMILY, WORK, Operation, Scribe, Work, goes_on
from clew.probe import Begin, Brief, End, Note, Probe
from clew.propagation import REQUEST_ID, SUPPRESS, acceptor, amend, get_current, injector, random_id
from clew.queueing import HEADER, waited
from clew.sheet import Sheet
from clew.telemetry import Telemetry
from clew.trust import caller, truster

ENDED = Context()
#: The API takes an empty context for none, and then the current one.
FRESH = Context({WORK: None})


def compile_operation(operation: Operation, telemetry: Telemetry) -> Probe:
    """What a shell needs to surround a function with the operation."""
    whole, adapted = operation, telemetry.adapted
    if adapted is not None:
        operation = adapted.operation(operation)
    scribe = telemetry.scribe(operation)
    parts = operation, telemetry, scribe
    begin, end = (_begin_edge, _end_edge) if operation.edge else (_begin_inner, _end_inner)
    brief = Brief(operation.family, scribe, _brief(*parts)) if operation.innermost else None
    probe = Probe(begin(*parts), end(*parts), telemetry.guard.failed, brief)
    if adapted is not None:
        probe = adapted.probe(whole, probe)
    if telemetry.cost is not None:
        probe = telemetry.cost.watch(probe)
    if telemetry.choice is not None:
        probe = telemetry.choice.probe(probe, lambda chosen: compile_operation(whole, chosen))
    return probe


def _begin_inner(operation: Operation, telemetry: Telemetry, scribe: Scribe) -> Begin:
    """For a call inside the process's work, to a database or another service."""
    family, read, start, failed = operation.family, operation.read, scribe.begin, telemetry.guard.failed
    settle, inject = operation.settle, injector(telemetry.settings, operation, scribe)
    copied, pass_on = operation.copied, passer_on(telemetry.settings, operation)

    def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            context = get_current()
            if context.get(FAMILY) is family and goes_on(context):
                return None
            if context.get(SUPPRESS):
                if pass_on is not None and context.get(SUPPRESS) is EXCLUDED:
                    pass_on(args, kwargs, context)
                return None
            try:
                if copied is not None:
                    kwargs[copied] = kwargs[copied].copy()
                facts = read(*args, **kwargs)
                if facts is None:
                    return None
                if settle is not None and (facts := settle(facts)) is None:
                    return None
            except Exception as error:  # noqa: BLE001
                failed(error, f"reader of {family}")
                return start(context, None)
            call = start(context, facts)
            if inject is not None:
                try:
                    inject(facts, call, context)
                except Exception as error:  # noqa: BLE001
                    failed(error, f"inject {family}")
            return call
        except Exception as error:  # noqa: BLE001
            failed(error, f"begin {family}")
            return None

    return begin


def _end_inner(operation: Operation, telemetry: Telemetry, scribe: Scribe) -> End:
    family, read_result, read_error = operation.family, operation.read_result, operation.read_error
    write, failed = scribe.end, telemetry.guard.failed
    counted, limit = operation.heading is not None, _limit(operation, telemetry)

    def end(call: Any, result: Any, error: BaseException | None) -> None:
        outcome, taken = None, clock() - call.began
        try:
            if counted:
                _count(operation, call.inside.get(WORK), call.facts, taken)
            if taken > limit:
                call.extra = slow.tell(operation, call.facts, call.inside, taken)
            if error is None:
                if read_result is not None:
                    outcome = read_result(result)
            elif read_error is not None:
                outcome = read_error(error)
        except Exception as mistake:  # noqa: BLE001
            failed(mistake, f"reader of {family}")
        try:
            if error is None:
                write(call, outcome)
            else:
                _fail(scribe, call, outcome, error)
        except Exception as mistake:  # noqa: BLE001
            failed(mistake, f"end {family}")

    return end


def _brief(operation: Operation, telemetry: Telemetry, scribe: Scribe) -> Note:
    """For a call in which nothing else happens: it can be read when it is over."""
    family, read, settle, failed = operation.family, operation.read, operation.settle, telemetry.guard.failed
    read_result, take_down, counted = operation.read_result, scribe.note, operation.heading is not None
    end, limit = _end_inner(operation, telemetry, scribe), _limit(operation, telemetry)

    def note(context: Context, began: int, arguments: Any, result: Any, error: BaseException | None) -> None:
        ended, facts, outcome = clock(), None, None
        args, kwargs = arguments
        try:
            found = read(*args, **kwargs)
            if found is None:
                return
            if settle is not None and (found := settle(found)) is None:
                return
            facts = found
            if error is not None or ended - began > limit:  # rare: it goes the long way
                end(scribe.begin(context, facts, None, began), result, error)
                return
            if counted:
                _count(operation, context.get(WORK), facts, ended - began)
            if read_result is not None:
                outcome = read_result(result)
        except Exception as mistake:  # noqa: BLE001
            if error is None:  # a call that the library refuses, too, is the caller's mistake
                failed(mistake, f"reader of {family}")
        try:
            if error is None:
                take_down(context, began, ended, facts, outcome)
            else:
                end(scribe.begin(context, facts, None, began), None, error)
        except Exception as mistake:  # noqa: BLE001
            failed(mistake, f"note {family}")

    return note


def _begin_edge(operation: Operation, telemetry: Telemetry, scribe: Scribe) -> Begin:
    """For work that comes from outside: a request, a message."""
    family, read, failed = operation.family, operation.read, telemetry.guard.failed
    start, trace_id, accept = scribe.begin, scribe.trace_id, acceptor(telemetry.settings, operation)
    header = (operation.spell or str)(HEADER)
    trusts = truster(telemetry.settings.trusted, operation.peer)
    excluded, tell = exclusion(telemetry.settings, operation), telling(telemetry.settings, scribe)

    def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Work | None:
        try:
            context = _around()
            facts, request_id, remote, stamp, strange = None, "", None, None, None
            try:
                found = read(*args, **kwargs)
                # Read all the same: the reader keeps a framework's own telemetry quiet too.
                if found is None or context.get(SUPPRESS):
                    return None
                facts, carrier = found
                if excluded is not None and excluded(facts):
                    return silent_work(context)
                stamp = carrier.get(header)
                request_id, remote, accepted = accept(carrier, context)
                if trusts is None or trusts(args):
                    context = accepted
                else:
                    strange, remote = caller(remote, accepted), None
            except Exception as error:  # noqa: BLE001
                failed(error, f"reader of {family}")
            call = start(context, facts, remote)
            work = Work(call, request_id or trace_id(call) or random_id())
            work.answer = () if tell is None else tell(call)
            work.queued = None if stamp is None else waited(stamp)
            amend(work.inside, {WORK: work, REQUEST_ID: work.request_id})
            if strange is not None:
                get_current_span(work.inside).add_link(strange)
            return work
        except Exception as error:  # noqa: BLE001
            failed(error, f"begin {family}")
            return None

    return begin


def _around() -> Context:
    """The context here; a fresh one in what is left of a request that is over.

    Servers begin the next request of a connection in the task of the one before (uvicorn).
    """
    context = get_current()
    work: Any = context.get(WORK) or context.get(EXCLUDED)
    return FRESH if work is not None and work.inside is ENDED else context


def _end_edge(operation: Operation, telemetry: Telemetry, scribe: Scribe) -> End:
    family, read_result, blameless = operation.family, operation.read_result, operation.blameless
    write, failed = scribe.end, telemetry.guard.failed

    def end(work: Work, result: Any, error: BaseException | None) -> None:
        if type(work.call) is Silence:
            work.inside = ENDED
            return
        outcome = None
        try:
            if work.sheet is not None or work.queued is not None:
                _sum_up(scribe, work)
            if read_result is not None:
                outcome = read_result(work)
            if error is not None and blameless is not None and blameless(error):
                error = None
        except Exception as mistake:  # noqa: BLE001
            failed(mistake, f"reader of {family}")
        try:
            if error is None:
                write(work.call, outcome)
            else:
                _fail(scribe, work.call, outcome, error)
        except Exception as mistake:  # noqa: BLE001
            failed(mistake, f"end {family}")
        # What is inside holds the work and the work holds it: a cycle for each request, unless it is cut here.
        work.inside = ENDED

    return end


def _limit(operation: Operation, telemetry: Telemetry) -> float:
    """The nanoseconds from which on a call is slow."""
    return telemetry.settings.slow_statement * 1e9 if operation.slow else float("inf")


def _count(operation: Operation, work: Any, facts: Any, nanoseconds: int) -> None:
    """On the cost sheet of the request that the call belongs to."""
    if work is None:
        return
    sheet = work.sheet
    if sheet is None:
        sheet = work.sheet = Sheet()
    sheet.add(operation, facts, nanoseconds)


def _sum_up(scribe: Scribe, work: Work) -> None:
    extra: dict[str, Any] = {} if work.queued is None else {"clew.queue.duration": work.queued}
    if work.sheet is not None:
        extra.update(work.sheet.attributes())
        if work.sheet.repeats:
            for repetition in work.sheet.repetitions():
                repeating.tell(scribe, work, repetition)
    work.call.extra = extra


def _fail(scribe: Scribe, call: Any, outcome: Any, error: BaseException) -> None:
    event = None if _is_told(call, error) else failures.describe(error)
    scribe.fail(call, outcome, failures.type_name(error), failures.message(error), event)


def _is_told(call: Any, error: BaseException) -> bool:
    """Whether a span further in has the exception: it stands on the innermost that it leaves, and on no other."""
    work = cast("Work | None", call.inside.get(WORK))
    if work is None:
        return False
    if work.recorded is error:
        return True
    work.recorded = error
    return False
