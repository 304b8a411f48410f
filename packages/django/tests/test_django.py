"""clew-django passes the contract of a web framework, by WSGI on the server of `runserver`, by ASGI on uvicorn."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.urls import include, path, re_path
from servers.programs import eventually, free_ports
from servers.sink import Sink

import clew
import clew_logging
import clew_uvicorn
import clew_wsgiref
from clew.testing.contracts.http_server import HttpServerContract, ask, endless, inner, server_spans
from clew.testing.serving import serving, uvicorn_serves
from clew_django import plugin

logger = logging.getLogger("shop")


def item(request: Any, number: Any, shop: str = "") -> HttpResponse:
    return HttpResponse(clew.current_request_id())


async def item_async(request: Any, number: int) -> HttpResponse:
    return HttpResponse(clew.current_request_id())


def status(request: Any, code: int) -> HttpResponse:
    return HttpResponse(status=code)


def boom(request: Any) -> HttpResponse:
    return HttpResponse(str(1 / 0))


async def boom_async(request: Any) -> HttpResponse:
    return HttpResponse(str(1 / 0))


def stream(request: Any) -> Any:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"chunk"

    return StreamingHttpResponse(chunks() if hasattr(request, "scope") else (b"chunk" for _ in range(5)))


def log(request: Any) -> HttpResponse:
    logger.info("hello")
    return HttpResponse()


def abort(request: Any, code: int) -> HttpResponse:
    raise {404: Http404, 403: PermissionDenied}[code]


def without_end(request: Any) -> Any:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in endless():
            yield chunk

    return StreamingHttpResponse(chunks() if hasattr(request, "scope") else endless())


def within(request: Any) -> HttpResponse:
    inner()
    return HttpResponse()


def failed(request: Any) -> HttpResponse:
    logger.error("failed")
    return HttpResponse("failed", status=500)


def rest(request: Any, number: int) -> Any:
    """A view of Django REST framework."""
    from rest_framework.exceptions import NotFound
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class View(APIView):
        def get(self, request: Any, number: int) -> Any:
            if number == 0:
                raise NotFound
            return Response({"share": 1 / (number - 1)})

    return View.as_view()(request, number)


def ninja_urls() -> list[Any]:
    """Of an API of Django Ninja, where that is installed; to be imported it wants settings."""
    try:
        import ninja
        import ninja.errors
    except ImportError:
        return []
    api = ninja.NinjaAPI(urls_namespace="ninja")
    items = ninja.Router()

    @items.get("/{int:number}")
    def item(request: Any, number: int) -> Any:
        if number == 0:
            raise ninja.errors.HttpError(404, "nothing")
        return {"share": 1 / (number - 1)}

    @items.get("/async/{int:number}")
    async def item_async(request: Any, number: int) -> Any:
        return {"id": clew.current_request_id()}

    api.add_router("/items", items)
    return [path("ninja/", api.urls)]


class Urls:
    nested = [re_path(r"^items/(?P<number>[0-9]+)/?$", item)]
    urlpatterns = [
        path("items/<int:number>", item),
        path("async/items/<int:number>", item_async),
        path("status/<int:code>", status),
        path("boom", boom),
        path("async/boom", boom_async),
        path("stream", stream),
        path("log", log),
        path("rest/<int:number>", rest),
        path("raise/<int:code>", abort),
        path("endless", without_end),
        path("inner", within),
        path("nested/<slug:shop>/", include([path("deep/", include(nested))])),
    ]
    handler500 = staticmethod(failed)


def early(get_response: Any) -> Any:
    """The outermost middleware."""

    def middleware(request: Any) -> Any:
        if request.path == "/early":
            return HttpResponse(clew.current_request_id())
        return get_response(request)

    return middleware


def configure() -> None:
    if not settings.configured:
        settings.configure(
            ALLOWED_HOSTS=["*"],
            ROOT_URLCONF=Urls,
            MIDDLEWARE=[f"{__name__}.early"],
            LOGGING_CONFIG=None,
            REST_FRAMEWORK={
                "DEFAULT_AUTHENTICATION_CLASSES": [],
                "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
                "UNAUTHENTICATED_USER": None,
            },
        )
        django.setup()
        Urls.urlpatterns += ninja_urls()


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def served(application: Any) -> Iterator[int]:
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler)
    server.set_app(application)
    with serving(server) as port:
        yield port


class TestDjangoByWsgi(HttpServerContract):
    asked = {"request_hook": 1, "response_hook": 2}
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = "/items/<int:number>"
    nested = ("/nested/main/deep/items/7/", "/nested/<slug:shop>/deep/items/<number>/")
    patched: list[tuple[Any, str]] = [(WSGIHandler, "__call__"), (BaseHandler, "resolve_request")]

    def serve(self) -> Any:
        configure()
        return served(WSGIHandler())

    def test_an_asynchronous_view_is_followed(self, record: Any, port: int) -> None:
        assert ask(port, "/async/items/7", **{"X-Request-ID": "order-1"}).body == b"order-1"
        assert server_spans(record, 1)[0].name == "GET /async/items/<int:number>"

    def test_an_error_of_an_asynchronous_view_is_recorded_once(self, record: Any, port: int) -> None:
        assert ask(port, "/async/boom").status == 500
        (event,) = server_spans(record, 1)[0].events
        assert (event.attributes or {})["exception.type"] == "ZeroDivisionError"

    @pytest.mark.parametrize(
        ("number", "code", "error"), [(2, 200, None), (0, 404, None), (1, 500, "ZeroDivisionError")]
    )
    def test_rest_framework_is_followed(self, record: Any, port: int, number: int, code: int, error: str) -> None:
        pytest.importorskip("rest_framework")
        assert ask(port, f"/rest/{number}").status == code
        span = server_spans(record, 1)[0]
        assert (span.name, (span.attributes or {}).get("error.type")) == ("GET /rest/<int:number>", error)

    @pytest.mark.parametrize(
        ("target", "code", "error"),
        [("2", 200, None), ("async/2", 200, None), ("0", 404, None), ("1", 500, "ZeroDivisionError")],
    )
    def test_ninja_is_followed(self, record: Any, port: int, target: str, code: int, error: str) -> None:
        pytest.importorskip("ninja")
        assert ask(port, f"/ninja/items/{target}").status == code
        span = server_spans(record, 1)[0]
        template = target[:-1] + "<int:number>"
        assert (span.name, (span.attributes or {}).get("error.type")) == (f"GET /ninja/items/{template}", error)
        assert len(span.events) == (error is not None)


class TestDjangoByAsgi(TestDjangoByWsgi):
    patched = [(ASGIHandler, "__call__"), (BaseHandler, "resolve_request")]

    def serve(self) -> Any:
        configure()
        return uvicorn_serves(ASGIHandler())


class TestDjangoByWsgiWithinItsServer(TestDjangoByWsgi):
    """Whoever is outermost opens the span; whoever is further in adds what they know."""

    plugins = [clew_wsgiref.plugin, plugin]


class TestDjangoByAsgiWithinItsServer(TestDjangoByAsgi):
    plugins = [clew_uvicorn.plugin, plugin]


def test_enabling_it_does_not_ask_for_the_settings() -> None:
    program = """
import clew_django, django.core.handlers.wsgi, django.core.handlers.asgi
from django.conf import settings
clew_django.plugin.enable()
assert not settings.configured
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


MANAGE = """
import sys
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("items/<int:number>", lambda request, number: HttpResponse("item"))]
if __name__ == "__main__":
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], LOGGING_CONFIG=None, DEBUG=True)
    execute_from_command_line(sys.argv)
"""


CONFIGURED = """
import os, sys
os.environ.update(DJANGO_SETTINGS_MODULE="shop", DJANGO_CONFIGURATION="Shop")
from configurations.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
SHOP = """
from configurations import Configuration
from django.http import HttpResponse
from django.urls import path

class Shop(Configuration):
    ROOT_URLCONF, ALLOWED_HOSTS, LOGGING_CONFIG, SECRET_KEY, DEBUG = __name__, ["127.0.0.1"], None, "x", True

urlpatterns = [path("items/<int:number>", lambda request, number: HttpResponse("item"))]
"""


@pytest.mark.parametrize(
    ("program", "options"),
    [(MANAGE, []), (MANAGE, ["--noreload"]), pytest.param(CONFIGURED, ["--noreload"], marks=pytest.mark.once)],
    ids=["reload", "noreload", "django-configurations"],
)
def test_runserver_is_followed(tmp_path: Path, program: str, options: list[str]) -> None:
    if program is CONFIGURED:
        pytest.importorskip("configurations")
    (tmp_path / "manage.py").write_text(program)
    (tmp_path / "shop.py").write_text(SHOP)
    (port,) = free_ports(1)
    command = [Path(sys.executable).parent / "clew", "run", sys.executable, "manage.py", "runserver", str(port)]
    with Sink() as sink:
        environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "PYTHONPATH": ""}
        server = subprocess.Popen([*command, *options], cwd=tmp_path, env=environ, start_new_session=True)
        try:
            assert eventually(lambda: answers(port))
            assert eventually(lambda: [span for _, _, span in sink.spans])
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(60)
    assert {span.name for _, _, span in sink.spans} == {"GET /items/<int:number>"}


def answers(port: int) -> bool:
    try:
        return ask(port, "/items/7").status == 200
    except OSError:
        return False
