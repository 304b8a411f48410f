"""The pymongo plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.instrumentor import Asks, Instrumentor
from clew_pymongo import plugin

__all__ = ["PymongoInstrumentor", "asks"]

asks: Asks = {}
_EVENTS = "pymongo's own events are not asked for"
#: Keywords that there is nothing to do for, and why.
WITHOUT_EFFECT = dict.fromkeys(("request_hook", "response_hook", "failed_hook"), _EVENTS)


class PymongoInstrumentor(Instrumentor):
    plugin = plugin
