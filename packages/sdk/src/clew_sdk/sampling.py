"""Which traces are recorded: the specification's samplers as plain functions, foreign ones adapted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, SpanKind

from clew_sdk import report, settings


class Request(NamedTuple):
    """What is known of a span before it exists. `parent` is None for a root."""

    trace_id: int
    parent: SpanContext | None
    name: str
    kind: SpanKind
    attributes: Mapping[str, Any] | None
    links: Sequence[Link] | None
    context: Context


class Decision(NamedTuple):
    record: bool
    sampled: bool
    attributes: Mapping[str, Any] | None = None
    trace_state: Any = None


Sampler = Callable[[Request], Decision]
#: The part of a trace ID that decides.
DIGITS = (1 << 64) - 1


def always_on(request: Request) -> Decision:
    return Decision(True, True, None, _parent_state(request))


def always_off(request: Request) -> Decision:
    return Decision(False, False, None, _parent_state(request))


def bound_of(ratio: float) -> int:
    """By the last 64 bits of the trace ID, so every service decides alike."""
    return round(ratio * (DIGITS + 1))


def trace_id_ratio(ratio: float) -> Sampler:
    bound = bound_of(ratio)

    def sample(request: Request) -> Decision:
        return (always_on if request.trace_id & DIGITS < bound else always_off)(request)

    return sample


class ParentBased:
    """As the parent is; of the roots those whose trace ID ends below `bound`.

    A tracer that knows it need not ask it: the decision is half of what a span costs that is not sampled.
    """

    def __init__(self, bound: int) -> None:
        self.bound = bound

    def __call__(self, request: Request) -> Decision:
        parent = request.parent
        sampled = request.trace_id & DIGITS < self.bound if parent is None else parent.trace_flags & 1
        return (always_on if sampled else always_off)(request)


parent_based_always_on = ParentBased(DIGITS + 1)


def from_environment() -> Sampler:
    """`OTEL_TRACES_SAMPLER` and its argument; unknown names are looked up among installed samplers."""
    name = settings.text("OTEL_TRACES_SAMPLER")
    ratio = settings.ratio("OTEL_TRACES_SAMPLER_ARG") if name.endswith("traceidratio") else 1.0
    known: dict[str, Callable[[], Sampler]] = {
        "always_on": lambda: always_on,
        "always_off": lambda: always_off,
        "traceidratio": lambda: trace_id_ratio(ratio),
        "parentbased_always_on": lambda: parent_based_always_on,
        "parentbased_always_off": lambda: ParentBased(0),
        "parentbased_traceidratio": lambda: ParentBased(bound_of(ratio)),
    }
    return known[name]() if name in known else _installed(name)


def _installed(name: str) -> Sampler:
    from clew_sdk.guests.entry_points import load

    try:
        factory = load("opentelemetry_traces_sampler", name)
        return adapt(factory(settings.text("OTEL_TRACES_SAMPLER_ARG")))
    except Exception as error:  # noqa: BLE001  foreign code
        kind = type(error).__name__
        report.warn("sampler", "clew: sampler %r cannot be used (%s); parentbased_always_on is", name, kind)
        return parent_based_always_on


def adapt(theirs: Any) -> Sampler:
    """An opentelemetry-sdk `Sampler` as ours. One that raises counts as parentbased_always_on."""
    if not hasattr(theirs, "should_sample"):
        return theirs  # type: ignore[no-any-return]  # one of ours

    def sample(request: Request) -> Decision:
        try:
            result = theirs.should_sample(
                request.context, request.trace_id, request.name, request.kind, request.attributes, request.links or ()
            )
            record, sampled = result.decision.is_recording(), result.decision.is_sampled()
            return Decision(record, sampled, result.attributes, result.trace_state)
        except Exception as error:  # noqa: BLE001  foreign code
            report.warn(
                "sampler failed", "clew: the sampler %s failed: %s", type(theirs).__name__, type(error).__name__
            )
            return parent_based_always_on(request)

    return _plain(theirs) or sample


def _plain(theirs: Any) -> Sampler | None:
    """Ours for those of the SDK that nearly everybody passes."""
    module: Any = sys.modules.get("opentelemetry.sdk.trace.sampling")
    if module is None:
        return None
    if theirs is module.DEFAULT_ON:
        return parent_based_always_on
    bound = getattr(getattr(theirs, "_root", None), "bound", None)  # another version may keep it elsewhere
    if type(theirs) is module.ParentBasedTraceIdRatio and isinstance(bound, int):
        return ParentBased(bound)
    return None


def _parent_state(request: Request) -> Any:
    return request.parent.trace_state if request.parent is not None else None
