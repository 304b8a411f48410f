"""The asyncpg plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.instrumentor import Asks, Instrumentor
from clew_asyncpg import plugin

__all__ = ["AsyncPGInstrumentor", "asks"]

asks: Asks = {}


class AsyncPGInstrumentor(Instrumentor):
    plugin = plugin
