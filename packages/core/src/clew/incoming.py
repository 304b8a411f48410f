"""What is asked about requests that come: inside the shell of a server or framework, whoever has opened the span."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from clew import asking, headers
from clew.exclusion import Silence, silent_work
from clew.operation import WORK, Operation, Work
from clew.propagation import attach, detach, get_current
from clew.shells_asgi import asgi, shaped
from clew.shells_wsgi import MARK, wsgi

if TYPE_CHECKING:
    from clew.adapting import Adapted

Function = Callable[..., Any]
Args = tuple[Any, ...]
#: In the environ or scope: who has asked, so that an application within another of its kind is not asked about again.
ASKED = "clew.asked"


def inside(adapted: Adapted, operation: Operation, function: Function) -> Function:
    """The function with all that is asked; the function itself where nothing is."""
    asked = [q for when in (asking.COMES, asking.RECEIVES, asking.ANSWERS) for q in adapted.about(when, operation)]
    if not asked and not any(adapted.captures(operation)) and adapted.is_excluded is None:
        return function
    watch = {wsgi: _wsgi, asgi: _asgi}.get(operation.shell, _other)  # type: ignore[arg-type]
    return watch(_Request(adapted, operation), function)


class _Request:
    """What is to be done about the requests of one operation."""

    def __init__(self, adapted: Adapted, operation: Operation) -> None:
        self.adapted, self._operation = adapted, operation
        self._comes = adapted.about(asking.COMES, operation)
        self._received, self._answers = (adapted.about(when, operation) for when in (asking.RECEIVES, asking.ANSWERS))
        self._of_request, self._of_answer = adapted.captures(operation)
        #: Which of the last arguments has the request.
        self._place = {wsgi: -2, asgi: -3}.get(operation.shell, 0)  # type: ignore[arg-type]

    @property
    def hears_answers(self) -> bool:
        return bool(self._answers) or self._of_answer is not None

    @property
    def hears_messages(self) -> bool:
        return bool(self._received)

    def come(self, args: Args, kwargs: dict[str, Any]) -> Work | None:
        """Asks about a request; None where nothing of it is recorded."""
        work: Any = get_current().get(WORK)
        if work is None or type(work.call) is Silence or self._was_here(args):
            return None
        try:
            if self._is_excluded(args):
                # A server that did not know of it has opened the span: it is never ended, and so never told.
                work.call = Silence(work.inside)
                return silent_work(work.inside)
            if self._of_request is not None:
                self.adapted.show(work.inside, self._of_request, headers.pairs_of, self._headers(args, kwargs))
        except Exception as error:  # noqa: BLE001
            self.adapted.failed(error, "what is asked of a request")
        for question in self._comes:
            question.put(work.inside, *args, **kwargs)
        return work  # type: ignore[no-any-return]

    def answer(self, work: Work, found: Any, *about: Any) -> None:
        """Asks about an answer, which has these headers."""
        if self._of_answer is not None and found is not None:
            self.adapted.show(work.inside, self._of_answer, headers.pairs_of, found)
        for question in self._answers:
            question.put(work.inside, *about)

    def message(self, work: Work, scope: Any, message: Any) -> None:
        for question in self._received:
            question.put(work.inside, scope, message)

    def _was_here(self, args: Args) -> bool:
        if not self._place:
            return False
        carrier, mine = args[self._place], id(self.adapted)
        asked = carrier.get(ASKED, ())
        carrier[ASKED] = (*asked, mine)
        return mine in asked

    def _is_excluded(self, args: Args) -> bool:
        address, excluded = self._operation.address, self.adapted.is_excluded
        if address is None or excluded is None or not self._place:
            return False
        place = len(args) + self._place
        unmarked = {key: value for key, value in args[place].items() if key != MARK}
        found = self._operation.read(*args[:place], unmarked, *args[place + 1 :])
        return found is not None and excluded(address(found[0]))

    def _headers(self, args: Args, kwargs: dict[str, Any]) -> Any:
        if self._place == -2:
            return headers.of_environ(args[-2])
        return args[-3]["headers"] if self._place else self._operation.read(*args, **kwargs)[1]


def _wsgi(request: _Request, function: Function) -> Function:
    @wraps(function)
    def within(*args: Any) -> Any:
        work = request.come(args, {})
        if work is None:
            return function(*args)
        *before, environ, start_response = args

        def start(status: str, found: Any, *exc_info: Any) -> Any:
            request.answer(work, found, status, found)
            return start_response(status, found, *exc_info)

        token = attach(work.inside)
        try:
            return function(*before, environ, start if request.hears_answers else start_response)
        finally:
            detach(token)

    return within


def _asgi(request: _Request, function: Function) -> Function:
    async def told(scope: Any, work: Work, send: Any, message: Any) -> None:
        is_start = message["type"] == "http.response.start"
        request.answer(work, message.get("headers") if is_start else None, scope, message)
        await send(message)

    async def heard(scope: Any, work: Work, receive: Any) -> Any:
        message = await receive()
        request.message(work, scope, message)
        return message

    async def follow(arguments: Args) -> Any:
        work = request.come(arguments, {}) if arguments[-3]["type"] in ("http", "websocket") else None
        if work is None:
            return await function(*arguments)
        *before, scope, receive, send = arguments
        receive = partial(heard, scope, work, receive) if request.hears_messages else receive
        send = partial(told, scope, work, send) if request.hears_answers else send
        token = attach(work.inside)
        try:
            return await function(*before, scope, receive, send)
        finally:
            detach(token)

    return shaped(function, follow)


def _other(request: _Request, function: Function) -> Function:
    @wraps(function)
    async def within(*args: Any, **kwargs: Any) -> Any:
        work = request.come(args, kwargs)
        if work is not None and request.hears_answers:
            work.heard = lambda status, found: request.answer(work, found, status, found)
        return await function(*args, **kwargs)

    return within
