"""The shell around an ASGI application: from its first line to the last byte, disconnect, or its return."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from clew import settings
from clew.operation import Work
from clew.probe import Probe
from clew.propagation import attach, detach
from clew.shells_wsgi import MARK

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]


def asgi(probe: Probe, application: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """For a coroutine function, or a method, of `scope`, `receive` and `send`."""
    headers = _Headers(probe)

    async def follow(arguments: tuple[Any, ...]) -> Any:
        work = probe.begin(arguments, {})
        if work is None:
            return await application(*arguments)
        *before, scope, receive, send = arguments
        scope[MARK] = work
        answer = _Answer(work, scope, send, headers)
        token = attach(work.inside)
        try:
            returned = await application(*before, scope, receive, answer.send)
        except BaseException as error:
            detach(token)
            answer.end(error)
            raise
        detach(token)
        answer.end(None)
        return returned  # nothing, says ASGI: it is for the server to complain

    return shaped(application, follow)


def shaped(application: Callable[..., Any], follow: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """With the application's own parameters: servers call it without any, to see whether it is a factory."""
    if getattr(getattr(application, "__code__", None), "co_argcount", 3) == 4:

        @wraps(application)
        async def method(self: Any, scope: Any, receive: Any, send: Any) -> Any:
            return await follow((self, scope, receive, send))

        return method

    @wraps(application, updated=())
    async def function(scope: Any, receive: Any, send: Any) -> Any:
        return await follow((scope, receive, send))

    return function


class _Headers:
    """Adds our headers to the start of an answer."""

    __slots__ = ("_lower", "probe")

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self._lower = settings.current().request_id_header.lower().encode("latin-1")

    def added(self, message: Message, work: Work) -> Message:
        headers = list(message.get("headers") or ())
        if work.request_id and not any(bytes(key).lower() == self._lower for key, _ in headers):
            headers.append((self._lower, work.request_id.encode("latin-1")))
        headers += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in work.answer]
        return {**message, "headers": headers}


class _Answer:
    """Sees the answer pass. Ends the work at its last byte, but waits for the exception when it is a failure (5xx)."""

    __slots__ = ("_gone", "_headers", "_scope", "_send", "_work")

    def __init__(self, work: Work, scope: Message, send: Send, headers: _Headers) -> None:
        self._work: Work | None = work
        self._scope, self._send, self._headers = scope, send, headers
        #: What the server raises when it has nobody to send to.
        self._gone: OSError | None = None

    async def send(self, message: Message) -> None:
        try:
            kind = message["type"]
            if kind in _STARTS:
                message = self._started(message, kind)
            last = kind == "http.response.body" and not message.get("more_body")
        except Exception as error:  # noqa: BLE001
            self._headers.probe.failed(error, "send")
            last = False
        try:
            await self._send(message)
        except OSError as error:
            self._gone = error
            raise
        work = self._work
        if last and work is not None:
            if (work.status or 0) < 500 or work.hurried:
                self.end(None)
            else:
                work.waiting = self.end

    def _started(self, message: Message, kind: str) -> Message:
        work = self._work
        if work is None:
            return message
        work.origin = self._scope.get("scheme"), None
        work.route = work.route or _template(self._scope)
        if kind == "websocket.accept":
            work.status = 101
        elif kind == "websocket.close":
            work.status = work.status or 403  # closed before it was accepted: the handshake is refused
            return message
        else:
            work.status = message["status"]
        return self._headers.added(message, work)

    def end(self, error: BaseException | None) -> None:
        work, self._work = self._work, None
        if work is not None:
            work.waiting = None  # which holds this
            if error is not None and self._gone is not None and _comes_of(error, self._gone):
                error = None  # the client has left
            self._headers.probe.end(work, work, error or work.told())


def _template(scope: Message) -> str | None:
    """What Starlette and FastAPI leave in the scope of the route, for where only the server is followed. Below a mount
    that is not all: its own prefix stands nowhere as a template."""
    route = (scope.get("fastapi") or scope).get("effective_route_context") or scope.get("route")
    return None if route is None or "app_root_path" in scope else getattr(route, "path_format", None)


def _comes_of(error: BaseException | None, cause: BaseException) -> bool:
    """Whether one exception was raised because of the other, or holds one that was."""
    for _ in range(20):  # a chain may be a ring
        if error is None or error is cause:
            return error is cause
        if any(_comes_of(part, cause) for part in getattr(error, "exceptions", ())):
            return True
        error = error.__cause__ or error.__context__
    return False


_STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.close", "websocket.http.response.start"})
