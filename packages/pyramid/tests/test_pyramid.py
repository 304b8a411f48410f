"""clew-pyramid passes the contract of a web framework, on wsgiref."""

import logging
from typing import Any

import pyramid.router
import pyramid.tweens
import pytest
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from pyramid.response import Response

import clew
import clew_logging
from clew.testing.contracts.http_server import HttpServerContract, ask, endless, inner, server_spans
from clew.testing.recording import Recording
from clew.testing.serving import wsgi_serves
from clew_pyramid import plugin
from clew_pyramid.instrumentor import PyramidInstrumentor

logger = logging.getLogger("shop")


def item(request: Any) -> Response:
    return Response(clew.current_request_id())


def status(request: Any) -> Response:
    return Response(status=int(request.matchdict["code"]))


def abort(request: Any) -> Response:
    raise {404: HTTPNotFound, 403: HTTPForbidden}[int(request.matchdict["code"])]


def boom(request: Any) -> Response:
    return Response(str(1 / 0))


def stream(request: Any) -> Response:
    return Response(app_iter=iter([b"chunk"] * 5))


def without_end(request: Any) -> Response:
    return Response(app_iter=endless())


def within(request: Any) -> Response:
    inner()
    return Response()


def log(request: Any) -> Response:
    logger.info("hello")
    return Response()


def failed(error: Exception, request: Any) -> Response:
    logger.error("failed")
    return Response("failed", status=500)


def refused(error: Exception, request: Any) -> Response:
    return Response(status=400)


def refuse(request: Any) -> Response:
    raise ValueError


def early(handler: Any, registry: Any) -> Any:
    """The outermost tween."""

    def tween(request: Any) -> Any:
        return item(request) if request.path == "/early" else handler(request)

    return tween


def nested(config: Configurator) -> None:
    config.add_route("nested", r"items/{number:\d{1,9}}")
    config.add_view(item, route_name="nested")


def make_app() -> Any:
    with Configurator() as config:
        for path, view in (
            ("/items/{number}", item),
            ("/status/{code}", status),
            ("/raise/{code}", abort),
            ("/boom", boom),
            ("/stream", stream),
            ("/endless", without_end),
            ("/inner", within),
            ("/log", log),
            ("/refuse", refuse),
        ):
            config.add_route(view.__name__, path)
            config.add_view(view, route_name=view.__name__)
        config.include(nested, route_prefix="/nested/{shop}")
        config.add_view(failed, context=ZeroDivisionError)
        config.add_view(refused, context=ValueError)
        config.add_tween(f"{__name__}.early")
        return config.make_wsgi_app()


class TestPyramid(HttpServerContract):
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    nested = ("/nested/main/items/7", "/nested/{shop}/items/{number}")
    patched = [(pyramid.router.Router, "__call__"), (pyramid.router, "_call_view"), (pyramid.tweens, "_error_handler")]

    def serve(self) -> Any:
        return wsgi_serves(make_app())

    def test_an_exception_whose_view_answers_4xx_is_no_failure(self, record: Any, port: int) -> None:
        assert ask(port, "/refuse").status == 400
        span = server_spans(record, 1)[0]
        assert (span.status.is_ok, list(span.events)) == (True, [])


@pytest.mark.parametrize(
    ("pattern", "template"),
    [(r"a/{b:\d{2}}/{c}", "/a/{b}/{c}"), ("/a/{b:[^/:]+}", "/a/{b}"), ("/a:b/*rest", "/a:b/*rest"), ("", "/")],
)
def test_expressions_in_a_pattern_are_not_shown(pattern: str, template: str) -> None:
    import types

    from clew_pyramid import read_route

    request = types.SimpleNamespace(matched_route=types.SimpleNamespace(pattern=pattern))
    assert read_route(None, request) == template


def test_one_application_may_be_followed_by_itself() -> None:
    own, configs = Recording(), [Configurator(), Configurator()]
    for config in configs:
        config.add_route("item", "/items/{number}")
        config.add_view(item, route_name="item")
    PyramidInstrumentor.instrument_config(configs[0], tracer_provider=own.tracer_provider)
    for _ in range(2):
        for config in configs:
            with wsgi_serves(config.make_wsgi_app()) as port:
                assert ask(port, "/items/7").status == 200
        assert [span.name for span in server_spans(own, 1)] == ["GET /items/{number}"]
        PyramidInstrumentor.uninstrument_config(configs[0])
