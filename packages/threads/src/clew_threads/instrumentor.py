"""The threads plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.instrumentor import Asks, Instrumentor
from clew_threads import plugin

__all__ = ["ThreadingInstrumentor", "asks"]

asks: Asks = {}


class ThreadingInstrumentor(Instrumentor):
    plugin = plugin
