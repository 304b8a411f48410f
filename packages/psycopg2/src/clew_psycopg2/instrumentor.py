"""The psycopg2 plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.instrumentor import Asks, ConnectionInstrumentor
from clew_psycopg2 import plugin

__all__ = ["Psycopg2Instrumentor", "asks"]

asks: Asks = {}


class Psycopg2Instrumentor(ConnectionInstrumentor):
    plugin = plugin
