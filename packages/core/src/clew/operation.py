"""Operation: what a convention makes of readers; who writes calls down; and the work that is going on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind, TraceState

    from clew.hooks import Shell
    from clew.sheet import Sheet
    from clew.telemetry import Telemetry

Attributes = dict[str, Any]
Labels = tuple[Any, ...]
#: What was read, in plain values only: it may be looked at long after the call, on another thread.
Facts = Any
#: The part of the facts that many calls have in common; it can be a key in a dict.
Common = Any
#: What is known at the end, as plain.
Outcome = Any

#: What the common facts mean: span name, attributes.
Opening = tuple[str, Attributes]
#: What they mean together with the outcome: attributes; the low-cardinality values that the metric point is kept
#: under, or None for no point; the value of `error.type`, or None for success; a better span name, or None.
Closing = tuple[Attributes, "Labels | None", "str | None", "str | None"]


#: The attributes of one call alone: keys and texts.
Own = Iterable[tuple[str, str]]


#: Names and values.
Headers = tuple[tuple[str, str], ...]


class Metric(NamedTuple):
    """A duration histogram of the semantic conventions; unit seconds."""

    name: str
    description: str
    boundaries: tuple[float, ...]


class Operation(NamedTuple):
    """One kind of work: what is read of it, and what that means. Holds no state.

    `read…` and `settle` run in the call; the others perhaps much later, and once for all calls that have their common
    facts and their outcome in common.
    """

    #: Calls of one family inside one another are one call: the outermost owns the span.
    family: str
    kind: SpanKind
    #: Has the parameters of the watched function; None for a call that is not to be recorded. At an edge it returns the
    #: facts and the carrier that trace context and request ID came in, or None instead.
    read: Callable[..., Any]
    opening: Callable[[Common], Opening]
    #: Gets the common facts, what `opening` made of them, the outcome, and the failure's `error.type` or None.
    closing: Callable[[Common, Attributes, Outcome, str | None], Closing]
    metric: Metric
    #: Turns the labels of a point into its attributes, once per distinct labels.
    point: Callable[..., Attributes]
    #: Makes facts of what was read: plain values that may wait; or None, for a call that is not to be recorded after
    #: all. None for what is plain already.
    settle: Callable[[Any], Facts] | None = None
    #: Takes the common ones out of the facts; None when there are no others.
    common: Callable[[Facts], Common] | None = None
    own: Callable[[Facts], Own] | None = None
    #: What is kept of the result (at an edge: of the Work), and of an exception. None keeps nothing.
    read_result: Callable[[Any], Outcome] | None = None
    read_error: Callable[[BaseException], Outcome] | None = None
    #: Whether an exception is nobody's failure, as when a client has left.
    blameless: Callable[[BaseException], bool] | None = None
    #: True where nothing that is watched happens inside the call.
    innermost: bool = False
    #: Whether a call of the family inside another one is a call of its own all the same.
    nests: bool = False
    #: Whether a call that takes longer than CLEW_SLOW_STATEMENT_MS is told with the line that it comes from.
    slow: bool = False
    #: Whether a call is one that waits on purpose, so that it is not slow.
    waits: Callable[[Facts], bool] | None = None
    #: True for work that comes from outside: its parent is in the carrier, the request ID is accepted or made.
    edge: bool = False
    #: What else a person may set for it: "commented", "explained".
    offers: tuple[str, ...] = ()
    #: At an edge: how the carrier spells a header that is given in lower case; None for as it is.
    spell: Callable[[str], str] | None = None
    #: At an edge: reads the caller's IP address; has the parameters of the watched function.
    peer: Callable[..., str] | None = None
    #: The address, as far as a person may exclude it by a pattern.
    address: Callable[[Facts], str] | None = None
    #: Finds in the facts where trace context and request ID go out, and the host that they go to; None for nowhere.
    carrier: Callable[[Facts], Any] | None = None
    host: Callable[[Facts], str] | None = None
    #: The headers that are in the carrier already, as pairs; None where it has `items`.
    headers: Callable[[Any], Iterable[tuple[Any, Any]]] | None = None
    #: Writes one header into the carrier.
    write: Callable[[Any, str, str], None] | None = None
    #: Whether the carrier may still have what an earlier call wrote into it, perhaps for another host.
    again: Callable[[Facts], Any] | None = None
    #: The keyword argument that is the carrier, where it is the application's own: a copy of it is written into.
    copied: str | None = None
    #: Under which heading of a request's cost sheet the calls count: `db` or `http`; None for none.
    heading: str | None = None
    #: What calls that are alike have in common, in words; None where that is the span's name.
    alike: Callable[[Facts], str] | None = None
    #: What is put around the function, inside the shell, where the settings ask for it.
    inside: Callable[[Telemetry], Callable[[Callable[..., Any]], Callable[..., Any]] | None] | None = None
    #: How begin and end surround the function; None means: as the function is (plain, coroutine, generator).
    shell: Shell | None = None

    @property
    def marks(self) -> Mapping[str, Any]:
        """What stands in the context of all that happens inside the call, beside the span."""
        return {FAMILY: None if self.nests else self.family}


#: Context keys of ours alone; that of the call is a contract with clew-sdk.
FAMILY = "clew-family"
CALL = "clew-call"
WORK = "clew-work"


def goes_on(context: Context) -> bool:
    """Whether the call that a context is of still goes on. What was begun inside (a task, a thread) may outlive it."""
    call: Any = context.get(CALL)
    return call is None or bool(call.inside)


class Remote(NamedTuple):
    """The caller's span, as it came in."""

    trace_id: int
    span_id: int
    flags: int
    state: TraceState | None


class Scribe(Protocol):
    """Writes down the calls of one operation. A call is what `begin` returns: `facts`, `began`, and `inside`, the
    context of what it does, empty as soon as it has ended; `request_id` and `extra` (more attributes) may be set until
    then. In the context it stands under CALL. Times are readings of `time.perf_counter_ns`."""

    #: Whether `note` may be called instead of `begin` and `end`.
    brief: bool

    def note(self, context: Context, began: int, ended: int, facts: Facts, outcome: Outcome) -> None:
        """Writes down a call that is over, in which nothing else happened."""
        ...

    def begin(self, context: Context, facts: Facts, remote: Remote | None = None, began: int = 0) -> Any: ...

    def end(self, call: Any, outcome: Outcome) -> None: ...

    def fail(self, call: Any, outcome: Outcome, kind: str, message: str, event: Mapping[str, Any] | None) -> None:
        """`kind` is error.type; `event` has the attributes of the exception, unless another span has told of it."""

    def event(self, call: Any, name: str, attributes: Mapping[str, Any]) -> None:
        """Something that happened in a call that is running."""

    def traceparent(self, call: Any) -> tuple[str, str]:
        """The headers traceparent and tracestate; empty where there is nothing to tell."""
        ...

    def trace_id(self, call: Any) -> str:
        """32 hexadecimal digits; empty where there is no trace."""
        ...


class Work:
    """A running piece of work that came from outside; whoever is further in writes here what they know."""

    __slots__ = (
        "__weakref__", "answer", "call", "failure", "heard", "hurried", "inside", "origin", "prefix", "queued",
        "recorded", "request_id", "route", "sheet", "status", "waiting",
    )  # fmt: skip

    def __init__(self, call: Any, request_id: str) -> None:
        self.call = call
        self.request_id = call.request_id = request_id
        self.inside: Context = call.inside
        self.route: str | None = None
        #: Of the mounts on the way to the route.
        self.prefix = ""
        self.status: int | None = None
        #: What the answer says beside the request ID.
        self.answer: Headers = ()
        #: Who is told of status and headers of the answer, in a server that is neither of WSGI nor of ASGI.
        self.heard: Callable[[int, Any], None] | None = None
        #: Scheme and host as the application came to know them, when proxies are told of in headers.
        self.origin: tuple[str | None, str | None] = None, None
        #: The unhandled exception, when a framework answered it before we could see it.
        self.failure: BaseException | None = None
        #: The exception that is on a span already, so that it is recorded once, on the innermost.
        self.recorded: BaseException | None = None
        #: Ends it, where the answer is out and only the exception that a framework may raise afterwards is waited for.
        self.waiting: Callable[[BaseException | None], None] | None = None
        #: Whether nobody must wait for that, as something goes on that is not of the answer.
        self.hurried = False
        #: What the calls inside cost, once there was one.
        self.sheet: Sheet | None = None
        #: Seconds that it has waited before it came to us, where the proxy says so.
        self.queued: float | None = None

    def told(self) -> BaseException | None:
        """The exception that a framework answered, unless its answer says that nothing is wrong with the server."""
        return self.failure if self.status is None or self.status >= 500 else None

    def __deepcopy__(self, memo: object) -> Work:
        # A middleware may copy the scope that it stands in; the work stays one.
        return self
