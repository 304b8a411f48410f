"""The PyMySQL plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.instrumentor import Asks, ConnectionInstrumentor
from clew_pymysql import plugin

__all__ = ["PyMySQLInstrumentor", "asks"]

asks: Asks = {}


class PyMySQLInstrumentor(ConnectionInstrumentor):
    plugin = plugin
