"""clew-starlette passes the contract of a web framework, on uvicorn."""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import starlette.applications
import starlette.routing
import uvicorn
from servers.programs import eventually
from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

import clew
import clew_logging
import clew_uvicorn
from clew.testing.contracts.http_server import HttpServerContract, ask, endless, errands, inner, server_spans
from clew.testing.recording import enabled
from clew.testing.serving import uvicorn_serves
from clew_starlette import plugin

logger = logging.getLogger("shop")


async def item(request: Request) -> Response:
    return PlainTextResponse(clew.current_request_id())


async def status(request: Request) -> Response:
    return Response(status_code=request.path_params["code"])


async def boom(request: Request) -> Response:
    return PlainTextResponse(str(1 / 0))


async def stream(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"chunk"

    return StreamingResponse(chunks())


async def abort(request: Request) -> Response:
    raise HTTPException(request.path_params["code"])


async def without_end(request: Request) -> Response:
    return StreamingResponse(endless())


async def within(request: Request) -> Response:
    inner()
    return Response()


async def background(request: Request) -> Response:
    return Response(status_code=request.path_params["code"], background=BackgroundTask(errands.run))


async def in_a_thread(request: Request) -> Response:
    return Response(background=BackgroundTasks([BackgroundTask(partial(inner)), BackgroundTask(inner)]))


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())


def early(app: Any) -> Any:
    """The outermost middleware."""

    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path") == "/early":
            await PlainTextResponse(clew.current_request_id())(scope, receive, send)
        else:
            await app(scope, receive, send)

    return middleware


async def log(request: Request) -> Response:
    logger.info("hello")
    return Response()


async def failed(request: Request, error: Exception) -> Response:
    logger.error("failed")
    return PlainTextResponse("failed", 500)


def make_app() -> Starlette:
    routes = [
        Route("/items/{number:int}", item),
        Route("/status/{code:int}", status),
        Route("/boom", boom),
        Route("/stream", stream),
        Route("/log", log),
        Route("/raise/{code:int}", abort),
        Route("/endless", without_end),
        Route("/inner", within),
        Route("/background/{code:int}", background),
        Route("/background/in/threads", in_a_thread),
        WebSocketRoute("/socket/{number:int}", echo),
        Mount("/nested/{shop}", routes=[Mount("/deep", Starlette(routes=[Route("/items/{number:int}", item)]))]),
    ]
    return Starlette(routes=routes, exception_handlers={Exception: failed}, middleware=[Middleware(early)])


class TestStarlette(HttpServerContract):
    asked = {"server_request_hook": 1, "client_response_hook": 2}
    socket = "/socket/{number}"
    background = True
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    nested = ("/nested/main/deep/items/7", "/nested/{shop}/deep/items/{number}")
    patched = [(starlette.applications.Starlette, "__call__"), (starlette.routing.Route, "handle")]

    make_app = staticmethod(make_app)
    served = staticmethod(uvicorn_serves)

    def test_several_background_tasks_are_a_span_each_also_in_threads(self, record: Any, port: int) -> None:
        ask(port, "/background/in/threads")
        assert eventually(lambda: len(record.spans()) == 5)
        server, *spans = record.spans()
        tasks, made = spans[1::2], spans[::2]
        assert [(task.name, task.parent.span_id) for task in tasks] == [("inner", server.context.span_id)] * 2
        assert [span.parent.span_id for span in made] == [task.context.span_id for task in tasks]
        assert all(server.end_time <= task.start_time for task in tasks)


class TestStarletteWithinItsServer(TestStarlette):
    """Whoever is outermost opens the span; whoever is further in adds what they know."""

    plugins = [clew_uvicorn.plugin, plugin]


@pytest.mark.parametrize("ours", [[plugin], [clew_uvicorn.plugin], [clew_uvicorn.plugin, plugin]])
@pytest.mark.parametrize("outermost", [True, False])
def test_starlettes_own_middleware_stays_quiet_where_we_follow(ours: list[Any], outermost: bool) -> None:
    native = pytest.importorskip("starlette.middleware.opentelemetry").OpenTelemetryMiddleware
    app = make_app()
    if outermost:
        app = native(app)
    else:
        app.add_middleware(native)
    with uvicorn_serves(app) as port, enabled(*ours) as record:
        ask(port, "/items/7")
        span = server_spans(record, 1)[0]
        assert span.name == "GET /items/{number}"
        theirs = outermost and clew_uvicorn.plugin not in ours
        assert (span.instrumentation_scope or plugin).name == ("starlette" if theirs else f"clew.{ours[0].name}")


def test_an_application_that_is_loaded_by_name_is_no_factory(tmp_path: Path, monkeypatch: Any) -> None:
    """Servers call what they have loaded without arguments, to see whether it makes the application."""
    (tmp_path / "loaded_by_name.py").write_text("import starlette.applications as s\napp = s.Starlette()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with enabled(plugin):
        config = uvicorn.Config("loaded_by_name:app", log_config=None)
        config.load()
    assert config.interface == "asgi3"


def test_a_wrong_call_is_refused_as_ever() -> None:
    with enabled(plugin), pytest.raises(TypeError):
        Starlette()()  # type: ignore[call-arg]


def test_a_scope_made_by_hand_may_have_next_to_nothing(caplog: Any) -> None:
    """As in tests of an application; three mistakes of ours in a minute would switch the plugin off."""
    scope: dict[str, Any] = {"type": "http"}
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    with enabled(plugin) as record, pytest.raises(KeyError, match="path"):
        asyncio.run(Starlette()(scope, send, send))
    assert [span.name for span in record.spans()] == ["GET"]
    assert [entry for entry in caplog.records if entry.name == "clew"] == []
