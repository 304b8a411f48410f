"""clew-wsgiref passes the contract of a server."""

from typing import Any
from wsgiref.handlers import BaseHandler

import clew_logging
from clew.testing.applications import by_wsgi
from clew.testing.contracts.http_server import HttpServerContract
from clew.testing.serving import wsgi_serves
from clew_wsgiref import plugin


class TestWsgiref(HttpServerContract):
    log_plugin = clew_logging.plugin
    plugins = [plugin]
    route = None
    has_middleware = raises = has_error_page = False
    patched = [(BaseHandler, "run")]

    def serve(self) -> Any:
        return wsgi_serves(by_wsgi)
