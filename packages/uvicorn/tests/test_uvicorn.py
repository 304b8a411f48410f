"""clew-uvicorn passes the contract of a server, with each of uvicorn's protocols."""

from importlib import import_module
from typing import Any

import pytest
from uvicorn.protocols.http.h11_impl import H11Protocol

import clew_logging
from clew.testing.applications import by_asgi
from clew.testing.contracts.http_server import HttpServerContract, ask, server_spans, talk
from clew.testing.recording import enabled
from clew.testing.serving import uvicorn_serves
from clew_uvicorn import plugin


class TestUvicorn(HttpServerContract):
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = None
    has_middleware = raises = has_error_page = False
    patched: list[tuple[Any, str]] = [(H11Protocol, "app")]
    socket = ""

    def serve(self) -> Any:
        pytest.importorskip("wsproto")
        return uvicorn_serves(by_asgi, ws="wsproto")


class TestUvicornOnHttptools(TestUvicorn):
    hands_on_everything = False
    patched: list[tuple[Any, str]] = []

    def serve(self) -> Any:
        pytest.importorskip("httptools")
        pytest.importorskip("websockets")
        return uvicorn_serves(by_asgi, http="httptools", ws="websockets")


@pytest.mark.parametrize("name", ["wsproto", "websockets", "websockets-sansio"])
def test_a_websocket_is_followed_whoever_speaks_it(name: str) -> None:
    pytest.importorskip(name.partition("-")[0])
    try:
        import_module(f"uvicorn.protocols.websockets.{name.replace('-', '_')}_impl")
    except ImportError:
        pytest.skip("this uvicorn does not have it")
    with uvicorn_serves(by_asgi, ws=name) as port, enabled(plugin) as record:
        talk(port, "/socket/7", "hello")
        server_spans(record, 1)


def test_the_scheme_is_the_clients_when_a_proxy_tells_it() -> None:
    with uvicorn_serves(by_asgi, proxy_headers=True) as port, enabled(plugin) as record:
        ask(port, "/items/7", **{"X-Forwarded-Proto": "https", "Host": "shop.test"})
        attributes = server_spans(record, 1)[0].attributes or {}
    assert (attributes["url.scheme"], attributes["server.port"]) == ("https", 443)


def test_the_lifespan_of_an_application_is_its_own() -> None:
    seen = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await by_asgi(scope, receive, send)
            return
        for step in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{step}"
            seen.append((step, "clew.work" in scope))
            await send({"type": f"lifespan.{step}.complete"})

    with enabled(plugin) as record, uvicorn_serves(application, lifespan="on") as port:
        ask(port, "/items/7")
        server_spans(record, 1)
    assert seen == [("startup", False), ("shutdown", False)]
    assert len(record.spans()) == 1


def test_two_applications_in_one_process_are_each_followed() -> None:
    with uvicorn_serves(by_asgi) as one, uvicorn_serves(by_asgi) as other, enabled(plugin) as record:
        ask(one, "/items/7")
        ask(other, "/items/8")
        ports = {(span.attributes or {})["server.port"] for span in server_spans(record, 2)}
    assert ports == {one, other}
