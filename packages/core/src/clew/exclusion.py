"""What a person does not want to hear of, by its address: it leaves nothing, and nothing beneath it does."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext

from clew.operation import WORK, Facts, Operation, Work
from clew.propagation import SPAN, SUPPRESS, amend, random_bits
from clew.settings import Settings

#: Context key of ours alone.
EXCLUDED = "clew-excluded"


class Silence:
    """Stands for the call of a request that is excluded. Below it our plugins are quiet, and what others record has a
    parent that is not sampled."""

    __slots__ = ("inside", "request_id")

    def __init__(self, context: Context) -> None:
        unsampled = SpanContext(random_bits(128) or 1, random_bits(64) or 1, is_remote=False)
        self.inside = Context({**context, WORK: None, SUPPRESS: True, SPAN: NonRecordingSpan(unsampled)})


def silent_work(context: Context) -> Work:
    """The work of a request that is excluded: nobody further in finds it, but what is left of it is known by it."""
    work = Work(Silence(context), "")
    amend(work.inside, {EXCLUDED: work})
    return work


def exclusion(chosen: Settings, operation: Operation) -> Callable[[Facts], bool] | None:
    """Makes the function that says whether a request is excluded; None where nothing is."""
    address = operation.address
    patterns = *chosen.excluded_urls, *chosen.otel_excluded_urls
    if address is None or not patterns:
        return None
    search = re.compile("|".join(f"(?:{pattern})" for pattern in patterns)).search
    found = lru_cache(1024)(lambda url: search(url) is not None)
    return lambda facts: found(address(facts))
