"""What a person's own functions are asked: `request_hook` and its like, as OpenTelemetry calls them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, get_current_span

from clew.conventions.keys import URL_FULL
from clew.guard import Guard
from clew.operation import FAMILY, Operation
from clew.places import Switch
from clew.propagation import SUPPRESS, attach, detach, get_current
from clew.redaction import redact_url

if TYPE_CHECKING:
    from clew.hooks import Hook

#: When it is asked: a call begins, has ended, has failed; a request has come, more of it is received, an answer begins
#: or goes on; a function of the library is called, has returned.
BEGINS, ENDS, FAILS, COMES, RECEIVES, ANSWERS, CALLED, RETURNED = range(8)
Read = Callable[..., "tuple[Any, ...] | None"]


class Ask(NamedTuple):
    """When a function is asked, and how its arguments (after the first, the span) are read; None: it is not asked."""

    when: int
    read: Read
    #: Of one operation alone; None for all of the plugin.
    operation: Operation | None = None
    #: The function of the library ("module:Class.method").
    target: str = ""
    #: The attribute that is what the function makes of its arguments; then it gets no span.
    attribute: str = ""
    #: It is asked within calls of this family alone.
    family: str = ""
    #: What the library has to be brought to for as long as the function is asked.
    needs: Hook | None = None


def begins(read: Read, operation: Operation | None = None) -> Ask:
    """When a call to another service begins; `read` has the parameters of the watched function."""
    return Ask(BEGINS, read, operation)


def filters_url(read: Read, operation: Operation) -> Ask:
    """When a request is sent, for the URL that is shown."""
    return Ask(BEGINS, read, operation, attribute=URL_FULL)


def ends(read: Read, operation: Operation | None = None) -> Ask:
    """When it has its answer; `read` gets that first, then what the watched function got."""
    return Ask(ENDS, read, operation)


def fails(read: Read, operation: Operation | None = None) -> Ask:
    """When it has failed; `read` gets the exception first."""
    return Ask(FAILS, read, operation)


def comes(read: Read) -> Ask:
    """When a request has come; `read` has the parameters of the watched function."""
    return Ask(COMES, read)


def receives(read: Read) -> Ask:
    """When an ASGI application has received a message; `read` gets scope and message."""
    return Ask(RECEIVES, read)


def answers(read: Read) -> Ask:
    """When an answer begins; `read` gets status and headers, as `start_response` does; of ASGI scope and message."""
    return Ask(ANSWERS, read)


def called(target: str, read: Read) -> Ask:
    """Before a call of `target`; `read` has its parameters."""
    return Ask(CALLED, read, target=target)


def returned(target: str, read: Read, family: str = "", needs: Hook | None = None) -> Ask:
    """After a call of `target`; `read` gets its result first."""
    return Ask(RETURNED, read, target=target, family=family, needs=needs)


class Question:
    """A person's function with the reader of its arguments. It never raises; a function that keeps failing is no
    longer asked."""

    def __init__(self, plugin: str, keyword: str, function: Callable[..., Any], ask: Ask) -> None:
        self.ask, self._function, self._place = ask, function, keyword
        self._switch = Switch()
        self._failed = Guard(f"{plugin} {keyword}", self._switch.off).failed

    def put(self, context: Context, *about: Any, **options: Any) -> None:
        """Asks, with `context` current, about what the arguments say."""
        if not self._switch.on:
            return
        token = attach(context)
        try:
            arguments = self.ask.read(*about, **options)
            if arguments is not None:
                self._ask(*arguments)
        except Exception as error:  # noqa: BLE001
            self._failed(error, self._place)
        finally:
            detach(token)

    def _ask(self, *arguments: Any) -> None:
        span = get_current_span()
        if self.ask.attribute:
            span.set_attribute(self.ask.attribute, redact_url(str(self._function(*arguments))))
            return
        answer = self._function(span, *arguments)
        if hasattr(answer, "send"):
            _run(answer)

    def put_here(self, about: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
        """Asks about a call of the library's function, if there is anything that is recorded here."""
        context, (args, options) = get_current(), about
        if self.ask.family and context.get(FAMILY) != self.ask.family:
            return
        if not context.get(SUPPRESS) and get_current_span() is not INVALID_SPAN:
            self.put(context, *args, **options)


def _run(coroutine: Any) -> None:
    """Runs a coroutine that waits for nothing, which is all that there is time for."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("the function waits for something")
