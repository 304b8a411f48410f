"""clew-fastapi passes the contract of a web framework, on uvicorn, with and without FastAPI's own telemetry."""

import inspect
import logging
from typing import Any

import fastapi
import fastapi.routing
import pytest
import starlette.middleware.base
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from servers.programs import eventually

import clew
import clew_logging
import clew_uvicorn
from clew.testing.contracts.http_server import METRIC, HttpServerContract, ask, endless, errands, inner, server_spans
from clew.testing.recording import enabled
from clew.testing.serving import uvicorn_serves
from clew_fastapi import plugin
from clew_starlette import plugin as starlette_plugin

logger = logging.getLogger("shop")


def make_app() -> fastapi.FastAPI:
    app, mounted, router = fastapi.FastAPI(), fastapi.FastAPI(), fastapi.APIRouter(prefix="/routed")

    @app.get("/items/{number}")
    async def item(number: int) -> Response:
        return PlainTextResponse(clew.current_request_id())

    @app.get("/threads/{number}")
    def in_a_thread(number: int) -> Response:
        return PlainTextResponse(clew.current_request_id())

    @router.get("/items/{number}")
    @mounted.get("/items/{number}")
    async def nested(number: int) -> Response:
        return PlainTextResponse("nested")

    @app.get("/status/{code}")
    async def status(code: int) -> Response:
        return Response(status_code=code)

    @app.get("/boom")
    async def boom() -> str:
        return str(1 / 0)

    @app.get("/stream")
    async def stream() -> Response:
        return StreamingResponse(iter([b"chunk"] * 5))

    @app.get("/raise/{code}")
    async def abort(code: int) -> None:
        raise fastapi.HTTPException(code)

    @app.get("/endless")
    async def without_end() -> Response:
        return StreamingResponse(endless())

    @app.get("/background/{code}")
    async def background(code: int, tasks: fastapi.BackgroundTasks, response: Response) -> None:
        response.status_code = code
        tasks.add_task(errands.run)

    async def opened(number: int) -> Any:
        with trace.get_tracer("shop").start_as_current_span("opening"):
            pass
        yield number
        with trace.get_tracer("shop").start_as_current_span("closing"):
            pass

    def checked(number: int = fastapi.Depends(opened)) -> int:
        with trace.get_tracer("shop").start_as_current_span("checking"):
            return number

    @app.get("/dependent/{number}")
    async def dependent(number: int = fastapi.Depends(checked)) -> int:
        return number

    @app.get("/inner")
    async def within() -> None:
        inner()

    @app.websocket("/socket/{number}")
    async def echo(socket: fastapi.WebSocket, number: int) -> None:
        await socket.accept()
        while True:
            await socket.send_text(await socket.receive_text())

    @app.middleware("http")
    async def early(request: fastapi.Request, call_next: Any) -> Any:
        if request.url.path == "/early":
            return PlainTextResponse(clew.current_request_id())
        return await call_next(request)

    @app.get("/log")
    async def log() -> Response:
        logger.info("hello")
        return Response()

    @app.exception_handler(Exception)
    async def failed(request: Any, error: Exception) -> Response:
        logger.error("failed")
        return PlainTextResponse("failed", 500)

    app.include_router(router, prefix="/v1")
    app.mount("/mounted/{shop}", mounted)
    return app


class TestFastAPI(HttpServerContract):
    asked = {"server_request_hook": 1, "client_response_hook": 2}
    socket = "/socket/{number}"
    # Beneath a middleware like ours the answers of old Starlettes have their last byte when their tasks have ended.
    background = '"more_body"' in inspect.getsource(starlette.middleware.base)
    log_plugin = clew_logging.plugin
    plugins = [plugin, starlette_plugin]
    nested = ("/mounted/main/items/7", "/mounted/{shop}/items/{number}")
    patched = [(fastapi.FastAPI, "__call__")]
    native_spans = 1 if hasattr(fastapi, "telemetry") else 0

    make_app = staticmethod(make_app)
    served = staticmethod(uvicorn_serves)

    def test_an_included_router_is_named_with_every_prefix(self, record: Any, port: int) -> None:
        ask(port, "/v1/routed/items/7")
        assert server_spans(record, 1)[0].name == "GET /v1/routed/items/{number}"

    def test_what_dependencies_do_is_beneath_the_request(self, record: Any, port: int) -> None:
        """In a thread or not, before the view or behind it."""
        assert ask(port, "/dependent/7").body == b"7"
        server = server_spans(record, 1)[0]
        assert eventually(lambda: len(record.spans()) == 4)
        made = [span for span in record.spans() if span is not server]
        assert [span.name for span in made] == ["opening", "checking", "closing"]
        assert {span.parent.span_id for span in made} == {server.context.span_id}

    def test_a_function_in_a_thread_has_the_request_id(self, record: Any, port: int) -> None:
        assert ask(port, "/threads/7", **{"X-Request-ID": "order-1"}).body == b"order-1"
        server_spans(record, 1)

    @pytest.mark.parametrize(
        "ours",
        [[], [starlette_plugin], [plugin], [starlette_plugin, plugin], [clew_uvicorn.plugin],
         [clew_uvicorn.plugin, starlette_plugin]],
    )  # fmt: skip
    def test_whoever_follows_there_is_one_server_span_one_trace_one_point(self, port: int, ours: list[Any]) -> None:
        native = hasattr(fastapi, "telemetry")
        if not ours and not native:
            pytest.skip("this FastAPI has no telemetry of its own")
        with enabled(*ours) as record:
            ask(port, "/mounted/main/items/7")
            server_spans(record, 1)
            if {plugin, clew_uvicorn.plugin} & set(ours):
                assert [span.kind for span in record.spans()] == [SpanKind.SERVER]
            assert len({span.context.trace_id for span in record.spans()}) == 1
            assert sum(count for _, count in record.points(METRIC)) == 1


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/items/7", "GET /items/{number}"),
        ("/v1/routed/items/7", "GET /v1/routed/items/{number}"),
        ("/mounted/main/items/7", "GET"),
        ("/nowhere", "GET"),
    ],
)
def test_where_only_the_server_is_followed_the_route_is_read_as_far_as_it_is_told(path: str, name: str) -> None:
    with uvicorn_serves(make_app()) as port, enabled(clew_uvicorn.plugin) as record:
        ask(port, path)
        assert server_spans(record, 1)[0].name == name
        assert [span.kind for span in record.spans()] == [SpanKind.SERVER]
        assert sum(count for _, count in record.points(METRIC)) == 1


class TestFastAPIWithinItsServer(TestFastAPI):
    """Whoever is outermost opens the span; whoever is further in adds what they know."""

    plugins = [clew_uvicorn.plugin, plugin, starlette_plugin]
