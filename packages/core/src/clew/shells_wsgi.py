"""The shell around a WSGI application: from its first line to the close of its answer (PEP 3333)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from inspect import signature
from types import SimpleNamespace
from typing import Any

from clew import settings
from clew.operation import Work
from clew.probe import Probe
from clew.propagation import attach, detach

#: In the environ of a request that is followed already: whoever is further in opens no second span.
MARK = "clew.work"


def wsgi(probe: Probe, application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """For a callable whose last two arguments are `environ` and `start_response`."""
    start_of = _starter(probe)

    @wraps(application)
    def watched(*args: Any) -> Iterable[bytes]:
        work = probe.begin(args, {})
        if work is None:
            return application(*args)
        *before, environ, start_response = args
        environ[MARK] = work
        start_response = start_of(work, environ, start_response)
        token = attach(work.inside)
        try:
            body = application(*before, environ, start_response)
        except BaseException as error:
            detach(token)
            probe.end(work, work, error)
            raise
        detach(token)
        return _following(body, environ, work, probe)

    try:  # for who asks without looking beneath, as `inspect.getfullargspec` does
        watched.__signature__ = signature(application)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        pass  # of C, which does not tell
    return watched


def _starter(probe: Probe) -> Callable[[Work, dict[str, Any], Callable[..., Any]], Callable[..., Any]]:
    """Makes the function that makes a `start_response` of our own."""
    header = settings.current().request_id_header
    lower = header.lower()

    def start_of(work: Work, environ: dict[str, Any], start_response: Callable[..., Any]) -> Callable[..., Any]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            try:
                work.status = int(status[:3])
                work.origin = environ.get("wsgi.url_scheme"), environ.get("HTTP_HOST")
                if work.request_id and not any(name.lower() == lower for name, _ in headers):
                    headers = [*headers, (header, work.request_id)]
                if work.answer:
                    headers = [*headers, *work.answer]
            except Exception as error:  # noqa: BLE001
                probe.failed(error, "start_response")
            return start_response(status, headers, *exc_info)

        return start

    return start_of


def _following(body: Iterable[bytes], environ: dict[str, Any], work: Work, probe: Probe) -> Iterable[bytes]:
    """The body, such that the work ends when the server closes it; of the same kind where servers look at the kind."""
    wrapper = environ.get("wsgi.file_wrapper")
    if isinstance(wrapper, type) and isinstance(body, wrapper):
        _follow_file(body, work, probe)
        return body
    return _SizedBody(body, work, probe) if hasattr(body, "__len__") else _Body(body, work, probe)


def _follow_file(body: Any, work: Work, probe: Probe) -> None:
    """The server sends this one by sendfile, so its type must stay: the object itself gets another `close`."""
    ending = _Closing(SimpleNamespace(close=getattr(body, "close", None)), work, probe)
    try:
        body.close = ending.close
    except (AttributeError, TypeError):  # uWSGI makes it in C
        probe.end(work, work, work.told())


class _Body:
    """Iterates with the work's context current, and ends the work at close, or when the server forgot to close."""

    __slots__ = ("_body", "_error", "_next", "_probe", "_work")

    def __init__(self, body: Iterable[bytes], work: Work, probe: Probe) -> None:
        self._body = body
        self._next: Callable[[], bytes] | None = None
        self._work: Work | None = work
        self._probe = probe
        self._error: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._next is None:
            self._next = iter(self._body).__next__
        if self._work is None:
            return self._next()
        token = attach(self._work.inside)
        try:
            return self._next()
        except StopIteration:
            raise
        except BaseException as error:
            self._error = error
            raise
        finally:
            detach(token)

    def close(self) -> None:
        work, close = self._work, getattr(self._body, "close", None)
        if close is None or work is None:
            self._end()
            return
        token = attach(work.inside)
        try:
            close()
        except BaseException as error:
            self._error = error
            raise
        finally:
            detach(token)
            self._end()

    def _end(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            self._probe.end(work, work, self._error or work.told())

    def __del__(self) -> None:
        self._end()


class _SizedBody(_Body):
    """Servers ask a sized body for its length, to set Content-Length."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._body)  # type: ignore[arg-type]


class _Closing(_Body):
    """Stands beside a body that stays what it is; forgets it at its close, as each holds the other."""

    __slots__ = ()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._body = ()
