"""The Flask plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.asking import answers, comes
from clew.instrumentor import AppInstrumentor, Asks
from clew_flask import plugin

__all__ = ["FlaskInstrumentor", "asks"]

asks: Asks = {
    "request_hook": (comes(lambda app, environ, start_response: (environ,)),),
    "response_hook": (answers(lambda status, headers: (status, headers)),),
}
#: Keywords that there is nothing to do for, and why.
WITHOUT_EFFECT = {"enable_commenter": "a comment has the route in any case: CLEW_SQL_COMMENT"}


class FlaskInstrumentor(AppInstrumentor):
    plugin = plugin
