"""The sqlite3 plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.instrumentor import Asks, ConnectionInstrumentor
from clew_sqlite3 import plugin

__all__ = ["SQLite3Instrumentor", "asks"]

asks: Asks = {}


class SQLite3Instrumentor(ConnectionInstrumentor):
    plugin = plugin
