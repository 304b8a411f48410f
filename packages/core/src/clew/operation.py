"""Operation: what a convention makes of readers; and the two records that live while a call runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanKind

    from clew.hooks import Shell

Attributes = dict[str, Any]
Labels = tuple[Any, ...]


class Metric(NamedTuple):
    """A duration histogram of the semantic conventions; unit seconds."""

    name: str
    description: str
    boundaries: tuple[float, ...]


class Started(NamedTuple):
    """What is known when the call begins."""

    name: str
    attributes: Attributes
    #: What `finish` needs again; None when reading failed.
    facts: Any
    #: Where trace context and request ID go out (client) or came in (server).
    carrier: Any = None


class Finished(NamedTuple):
    """What is known when the call has ended."""

    attributes: Attributes
    #: The low-cardinality values that the metric point is kept under; None makes no point.
    labels: Labels | None
    #: The value of `error.type`; None means success.
    error: str | None = None
    #: A better span name, when one is known by now.
    name: str | None = None


class Operation(NamedTuple):
    """One kind of work: how it is read when it starts and when it finishes. Holds no state."""

    #: Calls of one family inside one another are one call: the outermost owns the span.
    family: str
    kind: SpanKind
    start: Callable[..., Started | None]
    finish: Callable[[Started, Any, BaseException | None], Finished]
    metric: Metric
    #: Turns the labels of a point into its attributes, once per distinct labels.
    point: Callable[..., Attributes]
    #: True for work that comes from outside: its parent is in the carrier, the request ID is accepted or made.
    edge: bool = False
    #: Writes one header into the carrier.
    write: Callable[[Any, str, str], None] | None = None
    #: How begin and end surround the function; None means: as the function is (plain, coroutine, generator).
    shell: Shell | None = None


class Call:
    """A call that is running; handed from begin to end."""

    __slots__ = ("clock", "context", "span", "started")

    def __init__(self, span: Span, context: Context, started: Started, clock: float) -> None:
        self.span = span
        self.context = context
        self.started = started
        self.clock = clock


class Work(Call):
    """A running piece of work that came from outside; whoever is further in writes here what they know."""

    __slots__ = ("__weakref__", "facts", "failure", "recorded", "request_id")

    def __init__(self, span: Span, context: Context, started: Started, clock: float) -> None:
        super().__init__(span, context, started, clock)
        self.request_id: str = ""
        #: What was learnt on the way: route, status.
        self.facts: dict[str, Any] = {}
        #: The unhandled exception, when a framework answered it before we could see it.
        self.failure: BaseException | None = None
        #: The exception that is on a span already, so that it is recorded once, on the innermost.
        self.recorded: BaseException | None = None


Carrier = MutableMapping[str, str]
Reader = Callable[..., Any]
Headers = Mapping[str, str]
