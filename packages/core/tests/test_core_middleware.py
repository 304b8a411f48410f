"""The WSGI and ASGI doors, for applications without a plugin: the answer is the application's, the work ends once."""

import asyncio
import gc
import io
import sys
import weakref
from collections.abc import Iterator
from contextvars import copy_context
from inspect import getfullargspec
from random import Random
from string import ascii_letters, digits
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from opentelemetry import baggage
from opentelemetry.trace import StatusCode

import clew
from clew import settings
from clew.testing.applications import by_asgi, by_wsgi
from clew.testing.recording import Recording, recording


@pytest.fixture
def record() -> Recording:
    record = recording()
    record.clear()
    return record


def environ(**extra: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a",
        "QUERY_STRING": "",
        "SERVER_NAME": "shop",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        **extra,
    }


def call(application: Any, environ: dict[str, Any]) -> tuple[list[Any], Any]:
    heads: list[Any] = []
    body = clew.wsgi(application)(environ, lambda status, headers, *more: heads.append((status, headers, *more)))
    return heads, body


@pytest.mark.parametrize(("interface", "application"), [("wsgi", by_wsgi), ("asgi", by_asgi)])
def test_an_application_has_its_own_parameters(interface: str, application: Any) -> None:
    """Falcon's test client tells WSGI from ASGI by them, with a function that does not look for what is wrapped."""
    assert getfullargspec(getattr(clew, interface)(application)).args == getfullargspec(application).args


def test_a_generator_body_runs_inside_the_request_and_ends_it_at_close(record: Recording) -> None:
    closed = []

    class Chunks:
        def __iter__(self) -> Iterator[bytes]:
            yield clew.current_request_id().encode()

        def close(self) -> None:
            closed.append(clew.current_request_id())

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return Chunks()

    _, body = call(application, environ(HTTP_X_REQUEST_ID="order-1"))
    assert list(body) == [b"order-1"]
    assert (clew.current_request_id(), list(record.spans())) == ("", [])
    body.close()
    body.close()
    assert closed == ["order-1"]
    assert len(record.spans()) == 1


def test_a_list_keeps_its_length_and_a_file_its_type(record: Recording) -> None:
    def listing(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return [b"x"]

    def sending(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return FileWrapper(io.BytesIO(b"x"))

    _, body = call(listing, environ())
    assert len(body) == 1
    body.close()
    _, body = call(sending, environ(**{"wsgi.file_wrapper": FileWrapper}))
    assert type(body) is FileWrapper
    assert len(record.spans()) == 1
    body.close()
    body.close()
    assert body.filelike.closed
    assert len(record.spans()) == 2


def test_a_failure_while_streaming_is_the_applications_and_recorded(record: Recording) -> None:
    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        yield b"x"
        raise ValueError("broken")

    _, body = call(application, environ())
    assert next(body) == b"x"
    with pytest.raises(ValueError, match="broken"):
        next(body)
    body.close()
    span = record.span()
    assert (span.status.status_code, (span.attributes or {})["error.type"]) == (StatusCode.ERROR, "ValueError")
    assert (span.attributes or {})["http.response.status_code"] == 200


def test_start_response_is_passed_on_with_exc_info_and_its_return_value(record: Recording) -> None:
    returned = []

    def application(environ: Any, start_response: Any) -> Any:
        returned.append(start_response("200 OK", [("X-Request-ID", "of the app")]))
        try:
            raise KeyError("x")
        except KeyError:
            start_response("500 Oops", [], sys.exc_info())
        return [b""]

    heads: list[Any] = []

    def start_response(*args: Any) -> str:
        heads.append(args)
        return "write"

    clew.wsgi(application)(environ(), start_response).close()
    assert returned == ["write"]
    assert heads[0] == ("200 OK", [("X-Request-ID", "of the app")])
    assert heads[1][2][0] is KeyError


def test_a_door_inside_a_door_is_no_second_span(record: Recording) -> None:
    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return [b""]

    _, body = call(clew.wsgi(application), environ())
    body.close()
    assert len(record.spans()) == 1


def test_baggage_is_read_within_its_limits(record: Recording) -> None:
    seen: list[Any] = []

    def application(environ: Any, start_response: Any) -> Any:
        seen.append(dict(baggage.get_all()))
        start_response("200 OK", [])
        return [b""]

    for value in ("a=1,b=two%20words;p=q", "x=" + "y" * 9000, ",".join(f"k{n}=v" for n in range(65)), "nonsense"):
        call(application, environ(HTTP_BAGGAGE=value))[1].close()
    assert seen == [{"a": "1", "b": "two words"}, {}, {}, {}]


# --- ASGI ---


def scope(**extra: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": "/a",
        "headers": [],
        "scheme": "http",
        "http_version": "1.1",
        **extra,
    }


def run(application: Any, scope: dict[str, Any]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def main() -> None:
        await clew.asgi(application)(scope, receive, send)

    asyncio.run(main())
    return sent


def test_headers_that_can_be_read_only_once_are_there_for_the_application(record: Recording) -> None:
    seen: dict[bytes, bytes] = {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope["headers"])
        await by_asgi(scope, receive, send)

    sent = [(b"x-request-id", b"order-1"), (b"cookie", b"a=b")]
    run(application, scope(headers=iter([iter(pair) for pair in sent])))
    assert seen == dict(sent)
    assert [(span.attributes or {})["request.id"] for span in record.spans()] == ["order-1"]


def test_the_server_is_given_what_the_application_returns(record: Recording) -> None:
    """ASGI says that it is nothing; uvicorn tells the developer of anything else, and ends the connection."""

    async def application(scope: Any, receive: Any, send: Any) -> str:
        return "a value"

    async def nothing(message: Any = None) -> None:
        pass

    async def main() -> Any:
        return await clew.asgi(application)(scope(), nothing, nothing)

    assert asyncio.run(main()) == "a value"


def test_background_work_does_not_lengthen_the_request(record: Recording) -> None:
    during: list[int] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        during.append(len(record.spans()))
        await send({"type": "http.response.body", "body": b"x"})
        during.append(len(record.spans()))

    sent = run(application, scope(headers=[(b"x-request-id", b"order-1")]))
    assert during == [0, 1]
    assert sent[0]["headers"] == [(b"x-request-id", b"order-1")]
    assert len(record.spans()) == 1


def test_a_client_that_left_is_no_error(record: Recording) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(application, scope())
    assert record.span().status.status_code is StatusCode.UNSET
    assert "error.type" not in (record.span().attributes or {})


def test_a_websocket_is_one_span_and_no_point(record: Recording) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "x"})
        await send({"type": "websocket.close", "code": 1000})

    sent = run(application, scope(type="websocket", scheme="ws"))
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert (record.span().attributes or {})["http.response.status_code"] == 101
    assert record.points("http.server.request.duration") == []


def test_lifespan_passes_through(record: Recording) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.complete"})

    assert run(application, {"type": "lifespan"}) == [{"type": "lifespan.startup.complete"}]
    assert list(record.spans()) == []


def test_two_traceparents_begin_a_trace(record: Recording) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        pass

    one = (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    run(application, scope(headers=[one, one]))
    assert record.span().parent is None


def test_a_request_leaves_no_garbage_for_the_collector(record: Recording) -> None:
    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return [b""]

    door = clew.wsgi(application)
    works = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            environ_ = environ()
            door(environ_, lambda *args: None).close()
            works.append(weakref.ref(environ_.pop("clew.work")))
            del environ_
        record.clear()
        assert [work() for work in works] == [None] * 3
    finally:
        gc.enable()


@pytest.mark.parametrize("excluded", [False, True])
def test_a_request_that_begins_in_what_is_left_of_another_is_a_trace_of_its_own(
    excluded: bool, record: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As uvicorn begins the next one of a connection in the task of the one before."""
    chosen = settings.current()._replace(excluded_urls=("/health",) if excluded else ())
    monkeypatch.setattr(settings, "current", lambda: chosen)
    left: list[Any] = []

    class Body(list[bytes]):
        def close(self) -> None:
            pass

    def application(environ: Any, start_response: Any) -> list[bytes]:
        left.append(copy_context())
        start_response("200 OK", [])
        return Body([b""])

    watched = clew.wsgi(application)

    def request(path: str) -> None:
        body: Any = watched(environ(PATH_INFO=path), lambda *_: None)
        body.close()

    request("/health")
    left[0].run(request, "/a")
    spans = record.spans()
    assert [(span.attributes or {})["url.path"] for span in spans] == (["/a"] if excluded else ["/health", "/a"])
    assert [span.parent for span in spans] == [None] * len(spans)
    assert len({span.context.trace_id for span in spans}) == len(spans)


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_a_thousand_random_requests_are_at_most_five_series(record: Recording, interface: str) -> None:
    """Of one status; whatever it is that a client, or a proxy by its headers, may choose."""
    chosen = Random(7)

    def text() -> str:
        return "".join(chosen.choices(ascii_letters + digits, k=12))

    for _ in range(1000):
        method, host, path, agent = text().upper(), text(), f"/{text()}/{text()}", text()
        scheme, version = chosen.choice(["http", text()]), chosen.choice(["1.1", text()])
        if interface == "wsgi":
            names = {"HTTP_HOST": host, "HTTP_USER_AGENT": agent, "SERVER_PROTOCOL": f"HTTP/{version}"}
            _, body = call(
                by_wsgi, environ(REQUEST_METHOD=method, PATH_INFO=path, **names, **{"wsgi.url_scheme": scheme})
            )
            assert list(body) == [b""]
            body.close()
        else:
            headers = [(b"host", host.encode()), (b"user-agent", agent.encode())]
            scope = {"type": "http", "method": method, "path": path, "scheme": scheme, "http_version": version}
            asyncio.run(_answered(clew.asgi(by_asgi), {**scope, "headers": headers}))
    points = record.points("http.server.request.duration")
    assert len(record.spans()) == sum(count for _, count in points) == 1000
    assert len(points) <= 5


async def _answered(application: Any, scope: Any) -> None:
    async def nothing(message: Any = None) -> Any:
        return {"type": "http.request"}

    await application(scope, nothing, nothing)
