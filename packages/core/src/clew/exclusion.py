"""What a person does not want to hear of, by its address: it leaves nothing, and nothing beneath it does."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext

from clew.operation import WORK, Facts, Operation, Scribe, Work
from clew.propagation import SPAN, SUPPRESS, amend, injector, random_bits
from clew.settings import Settings

#: Context key of ours alone.
EXCLUDED = "clew-excluded"


class Silence:
    """Stands for the call of a request that is excluded. Below it our plugins are quiet, and what others record has a
    parent that is not sampled."""

    __slots__ = ("inside", "request_id")

    def __init__(self, context: Context) -> None:
        unsampled = SpanContext(random_bits(128) or 1, random_bits(64) or 1, is_remote=False)
        self.inside = Context({**context, WORK: None, SUPPRESS: EXCLUDED, SPAN: NonRecordingSpan(unsampled)})


def silent_work(context: Context) -> Work:
    """The work of a request that is excluded: nobody further in finds it, but what is left of it is known by it."""
    work = Work(Silence(context), "")
    amend(work.inside, {EXCLUDED: work})
    return work


class _Unsampled:
    """Stands for the scribe of a call beneath an excluded request; the call is a Silence."""

    @staticmethod
    def traceparent(call: Any) -> tuple[str, str]:
        found = call.inside[SPAN].get_span_context()
        return f"00-{found.trace_id:032x}-{found.span_id:016x}-00", ""


def passer_on(chosen: Settings, operation: Operation) -> Callable[[Any, dict[str, Any], Context], None] | None:
    """Makes the function that tells a callee not to sample either what an excluded request asks of it: without a
    parent it would begin a trace, of which nobody knows why it is there."""
    inject = injector(chosen, operation, cast("Scribe", _Unsampled))
    read, settle, copied = operation.read, operation.settle, operation.copied
    if inject is None:
        return None

    def pass_on(args: Any, kwargs: dict[str, Any], context: Context) -> None:
        if copied is not None:
            kwargs[copied] = kwargs[copied].copy()
        facts = read(*args, **kwargs)
        if facts is not None and settle is not None:
            facts = settle(facts)
        if facts is not None:
            inject(facts, cast("Work", context[EXCLUDED]).call, context)

    return pass_on


def exclusion(chosen: Settings, operation: Operation) -> Callable[[Facts], bool] | None:
    """Makes the function that says whether a request is excluded; None where nothing is."""
    address, found = operation.address, searcher((*chosen.excluded_urls, *chosen.otel_excluded_urls))
    if address is None or found is None:
        return None
    return lambda facts: found(address(facts))


def searcher(patterns: tuple[str, ...]) -> Callable[[str], bool] | None:
    """Makes the function that says whether one of the patterns is in a URL; None where there are none."""
    if not patterns:
        return None
    search = re.compile("|".join(f"(?:{pattern})" for pattern in patterns)).search
    return lru_cache(1024)(lambda url: search(url) is not None)
