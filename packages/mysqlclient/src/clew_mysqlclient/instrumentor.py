"""The mysqlclient plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.instrumentor import Asks, ConnectionInstrumentor
from clew_mysqlclient import plugin

__all__ = ["MySQLClientInstrumentor", "asks"]

asks: Asks = {}


class MySQLClientInstrumentor(ConnectionInstrumentor):
    plugin = plugin
