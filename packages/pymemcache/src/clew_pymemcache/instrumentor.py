"""The pymemcache plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.instrumentor import Asks, Instrumentor
from clew_pymemcache import plugin

__all__ = ["PymemcacheInstrumentor", "asks"]

asks: Asks = {}


class PymemcacheInstrumentor(Instrumentor):
    plugin = plugin
