"""The psycopg2 plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from typing import Any
from weakref import WeakKeyDictionary

from clew.deriving import derived_from, is_derived
from clew.instrumentor import Asks, ConnectionInstrumentor
from clew_psycopg2 import cursor, plugin

__all__ = ["Psycopg2Instrumentor", "asks"]

asks: Asks = {}
#: The classes of cursors that connections of C had before theirs were watched.
_before: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


class Psycopg2Instrumentor(ConnectionInstrumentor):
    plugin = plugin

    @classmethod
    def instrument_connection(cls, connection: Any, **options: Any) -> Any:
        """The same connection, also where it was there before the plugin was enabled."""
        if is_derived(connection):
            return super().instrument_connection(connection, **options)
        if connection not in _before:
            _before[connection] = connection.cursor_factory
            watching = plugin.watching(options, lambda: cls.uninstrument_connection(connection))
            connection.cursor_factory = derived_from(watching, cursor, connection.cursor_factory)
        return connection

    @classmethod
    def uninstrument_connection(cls, connection: Any) -> Any:
        if connection in _before:
            connection.cursor_factory = _before.pop(connection)
            return connection
        return super().uninstrument_connection(connection)
