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


# The two records that conventions hand to the recorder for each call are plain tuples: a NamedTuple costs a Python call
# to make, and cold (after a system call) that is 1 us.

#: What is known when the call begins: span name; attributes; the facts that `finish` needs again (None when reading
#: failed); the carrier, where trace context and request ID go out (client) or came in (server), or None.
Started = tuple[str, Attributes, Any, Any]
#: What is known when it has ended: attributes; the low-cardinality values that the metric point is kept under, or None
#: for no point; the value of `error.type`, or None for success; a better span name, or None.
Finished = tuple[Attributes, "Labels | None", "str | None", "str | None"]


class Operation(NamedTuple):
    """One kind of work: how it is read when it starts and when it finishes. Holds no state."""

    #: Calls of one family inside one another are one call: the outermost owns the span.
    family: str
    kind: SpanKind
    start: Callable[..., Started | None]
    #: Called with the facts of start, the result, and the exception.
    finish: Callable[[Any, Any, BaseException | None], Finished]
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

    __slots__ = ("clock", "context", "facts", "span")

    def __init__(self, span: Span, context: Context, facts: Any, clock: float) -> None:
        self.span = span
        self.context = context
        #: What the convention read at the start.
        self.facts = facts
        self.clock = clock


class Work(Call):
    """A running piece of work that came from outside; whoever is further in writes here what they know."""

    __slots__ = ("__weakref__", "failure", "found", "recorded", "request_id")

    def __init__(self, span: Span, context: Context, facts: Any, clock: float) -> None:
        super().__init__(span, context, facts, clock)
        self.request_id: str = ""
        #: What was learnt on the way: route, status.
        self.found: dict[str, Any] = {}
        #: The unhandled exception, when a framework answered it before we could see it.
        self.failure: BaseException | None = None
        #: The exception that is on a span already, so that it is recorded once, on the innermost.
        self.recorded: BaseException | None = None


Carrier = MutableMapping[str, str]
Reader = Callable[..., Any]
Headers = Mapping[str, str]
