"""clew-werkzeug passes the contract of a server."""

from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.serving import BaseWSGIServer, make_server

import clew_logging
from clew.testing.applications import by_wsgi
from clew.testing.contracts.http_server import HttpServerContract, ask, server_spans
from clew.testing.recording import enabled
from clew.testing.serving import serving
from clew_werkzeug import plugin


def served(application: Any) -> Any:
    return serving(make_server("127.0.0.1", 0, application, threaded=True))


class TestWerkzeug(HttpServerContract):
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = None
    has_middleware = raises = has_error_page = False
    patched = [(BaseWSGIServer, "app")]

    def serve(self) -> Any:
        return served(by_wsgi)


def test_scheme_and_host_are_the_clients_when_a_middleware_takes_them_from_a_proxy() -> None:
    with served(ProxyFix(by_wsgi, x_host=1)) as port, enabled(plugin) as record:
        ask(port, "/items/7", **{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.test"})
        found = server_spans(record, 1)[0].attributes or {}
    assert (found["url.scheme"], found["server.address"], found["server.port"]) == ("https", "shop.test", 443)
