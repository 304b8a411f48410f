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


def asgi(probe: Probe, application: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """For a coroutine function, or a method, of `scope`, `receive` and `send`."""
    header = settings.current().request_id_header.encode("latin-1")

    async def follow(arguments: tuple[Any, ...]) -> None:
        work = probe.begin(arguments, {})
        if work is None:
            return await application(*arguments)
        *before, scope, receive, send = arguments
        scope[MARK] = work
        answer = _Answer(work, send, header, probe)
        token = attach(work.inside)
        try:
            await application(*before, scope, receive, answer.send)
        except BaseException as error:
            detach(token)
            answer.end(error)
            raise
        detach(token)
        answer.end(None)
        return None

    return _shaped(application, follow)


def _shaped(application: Callable[..., Any], follow: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """With the application's own parameters: servers call it without any, to see whether it is a factory."""
    if getattr(getattr(application, "__code__", None), "co_argcount", 3) == 4:

        @wraps(application)
        async def method(self: Any, scope: Any, receive: Any, send: Any) -> None:
            await follow((self, scope, receive, send))

        return method

    @wraps(application, updated=())
    async def function(scope: Any, receive: Any, send: Any) -> None:
        await follow((scope, receive, send))

    return function


class _Answer:
    """Sees the answer pass. Ends the work at its last byte, but waits for the exception when it is a failure (5xx)."""

    __slots__ = ("_header", "_probe", "_send", "_work")

    def __init__(self, work: Work, send: Send, header: bytes, probe: Probe) -> None:
        self._work: Work | None = work
        self._send = send
        self._header = header
        self._probe = probe

    async def send(self, message: Message) -> None:
        try:
            kind = message["type"]
            if kind in _STARTS:
                message = self._started(message, kind)
            last = kind == "http.response.body" and not message.get("more_body")
        except Exception as error:  # noqa: BLE001
            self._probe.failed(error, "send")
            last = False
        await self._send(message)
        work = self._work
        if last and work is not None and (work.status or 0) < 500:
            self.end(None)

    def _started(self, message: Message, kind: str) -> Message:
        work = self._work
        if work is None:
            return message
        if kind == "websocket.accept":
            work.status = 101
        elif kind == "websocket.close":
            work.status = work.status or 403  # closed before it was accepted: the handshake is refused
            return message
        else:
            work.status = message["status"]
        headers = list(message.get("headers") or ())
        name = self._header.lower()
        if not any(bytes(key).lower() == name for key, _ in headers):
            message = {**message, "headers": [*headers, (name, work.request_id.encode("latin-1"))]}
        return message

    def end(self, error: BaseException | None) -> None:
        work, self._work = self._work, None
        if work is not None:
            self._probe.end(work, work, error or work.failure)


_STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.close", "websocket.http.response.start"})
