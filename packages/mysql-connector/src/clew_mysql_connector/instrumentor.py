"""The mysql-connector plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.instrumentor import Asks, ConnectionInstrumentor
from clew_mysql_connector import plugin

__all__ = ["MySQLInstrumentor", "asks"]

asks: Asks = {}


class MySQLInstrumentor(ConnectionInstrumentor):
    plugin = plugin
