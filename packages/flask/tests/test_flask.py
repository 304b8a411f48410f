"""clew-flask passes the contract of a web framework, on werkzeug's real server."""

import http.client
import logging
from contextlib import suppress
from typing import Any

import flask
from flask.views import MethodView
from werkzeug.serving import make_server

import clew
import clew_logging
import clew_werkzeug
from clew.testing.contracts.http_server import HttpServerContract, ask, endless, inner, server_spans
from clew.testing.recording import Recording, configured, enabled
from clew.testing.serving import serving
from clew_flask import plugin
from clew_flask.instrumentor import FlaskInstrumentor

logger = logging.getLogger("shop")


def make_app() -> flask.Flask:
    app = flask.Flask("shop")
    nested = flask.Blueprint("nested", "nested", url_prefix="/nested")

    @app.get("/items/<int:number>")
    def item(number: int) -> str:
        return clew.current_request_id()

    @nested.get("/items/<int:number>")
    def nested_item(number: int) -> str:
        return "nested"

    @app.get("/status/<int:code>")
    def status(code: int) -> Any:
        return "", code

    @app.get("/raise/<int:code>")
    def abort(code: int) -> Any:
        flask.abort(code)

    @app.get("/boom")
    def boom() -> str:
        return str(1 / 0)

    @app.get("/stream")
    def stream() -> Any:
        return flask.Response(b"chunk" for _ in range(5))

    @app.get("/endless")
    def without_end() -> Any:
        return flask.Response(endless())

    @app.get("/inner")
    def within() -> str:
        inner()
        return ""

    @app.get("/log")
    def log() -> str:
        logger.info("hello")
        return ""

    @app.errorhandler(500)
    def failed(error: Exception) -> Any:
        logger.error("failed")
        return "failed", 500

    class Deep(MethodView):
        def get(self, shop: str, number: int) -> str:
            return "deep"

    deep = flask.Blueprint("deep", "deep", url_prefix="/deep/<shop>")
    deep.add_url_rule("/items/<int:number>", view_func=Deep.as_view("items"))
    nested.register_blueprint(deep)

    @app.teardown_request
    def teardown(error: BaseException | None) -> None:
        if flask.request.path == "/teardown":
            inner()
        if flask.request.path == "/teardown/fails":
            raise KeyError("teardown")

    @app.get("/teardown")
    @app.get("/teardown/fails")
    def torn_down() -> Any:
        return flask.Response(flask.stream_with_context(iter([b"chunk"])))

    app.register_blueprint(nested)
    app.wsgi_app = early(app.wsgi_app)  # type: ignore[method-assign]
    return app


def early(application: Any) -> Any:
    """The outermost middleware."""

    def middleware(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/early":
            return application(environ, start_response)
        start_response("200 OK", [])
        return [clew.current_request_id().encode()]

    return middleware


def served(app: Any) -> Any:
    return serving(make_server("127.0.0.1", 0, app, threaded=True))


class TestFlask(HttpServerContract):
    asked = {"request_hook": 1, "response_hook": 2}
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = "/items/<int:number>"
    nested = ("/nested/items/7", "/nested/items/<int:number>")
    patched = [(flask.Flask, "__call__"), (flask.Flask, "full_dispatch_request")]

    make_app = staticmethod(make_app)
    served = staticmethod(served)

    def test_a_view_of_methods_in_a_blueprint_of_a_blueprint_is_named_with_every_prefix(
        self, record: Any, port: int
    ) -> None:
        assert ask(port, "/nested/deep/main/items/7").body == b"deep"
        assert server_spans(record, 1)[0].name == "GET /nested/deep/<shop>/items/<int:number>"
        assert ask(port, "/nested/deep/main/items/7", method="POST").status == 405
        assert server_spans(record, 2)[1].name == "POST"

    def test_the_teardown_of_a_stream_is_within_its_request(self, record: Any, port: int) -> None:
        assert ask(port, "/teardown").status == 200
        server = server_spans(record, 1)[0]
        inner = record.spans()[0]
        assert (inner.name, inner.parent.span_id) == ("inner", server.context.span_id)
        assert server.end_time >= inner.end_time

    def test_an_error_of_the_teardown_is_recorded_once(self, record: Any, port: int) -> None:
        with suppress(http.client.HTTPException):  # the head may be out already
            ask(port, "/teardown/fails")
        (event,) = server_spans(record, 1)[0].events
        assert (event.attributes or {})["exception.type"] == "KeyError"


def test_what_is_excluded_for_flask_leaves_nothing_where_the_server_is_followed_too() -> None:
    with (
        configured(OTEL_PYTHON_FLASK_EXCLUDED_URLS="/inner,/early"),
        enabled(clew_werkzeug.plugin, plugin) as record,
        served(make_app()) as port,
    ):
        for path in ("/inner", "/early", "/items/7"):
            assert ask(port, path).status == 200
        assert [(span.attributes or {})["url.path"] for span in server_spans(record, 1)] == ["/items/7"]
        assert len(record.spans()) == 1


def test_an_application_keeps_its_options_when_all_are_followed_and_may_be_left_alone() -> None:
    own, rest = Recording(), Recording()
    instrumentor = FlaskInstrumentor()
    followed, other, left = (make_app() for _ in range(3))
    instrumentor.instrument_app(followed, tracer_provider=own.tracer_provider)
    instrumentor.instrument(tracer_provider=rest.tracer_provider)
    instrumentor.uninstrument_app(left)
    try:
        for app, path in ((followed, "/items/1"), (other, "/items/2"), (left, "/items/3")):
            with served(app) as port:
                assert ask(port, path).status == 200
        told = [[(span.attributes or {})["url.path"] for span in server_spans(record, 1)] for record in (own, rest)]
        assert told == [["/items/1"], ["/items/2"]]
    finally:
        instrumentor.uninstrument()


class TestFlaskWithinItsServer(TestFlask):
    """Whoever is outermost opens the span; whoever is further in adds what they know."""

    plugins = [clew_werkzeug.plugin, plugin]
