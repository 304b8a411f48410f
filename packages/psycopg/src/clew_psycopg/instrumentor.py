"""The psycopg plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.instrumentor import Asks, ConnectionInstrumentor
from clew_psycopg import plugin

__all__ = ["PsycopgInstrumentor", "asks"]

asks: Asks = {}


class PsycopgInstrumentor(ConnectionInstrumentor):
    plugin = plugin
