"""The sqlite3 plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from typing import Any

from clew import Method, Standing
from clew.deriving import is_derived
from clew.instrumentor import Asks, ConnectionInstrumentor
from clew.standing_in import put_in_place, real_of
from clew_sqlite3 import execute, plugin

__all__ = ["SQLite3Instrumentor", "asks"]

asks: Asks = {}
cursors = Standing({name: Method(operation) for name, operation in execute.items()})
connections = Standing(
    {**{name: Method(operation, cursors) for name, operation in execute.items()}, "cursor": Method(returns=cursors)}
)


class SQLite3Instrumentor(ConnectionInstrumentor):
    plugin = plugin

    @classmethod
    def instrument_connection(cls, connection: Any, **options: Any) -> Any:
        """What stands in for a connection of C that was there before the plugin was enabled."""
        if is_derived(connection):
            return super().instrument_connection(connection, **options)
        return put_in_place(connection, connections, plugin.watching(options, lambda: None))

    @classmethod
    def uninstrument_connection(cls, connection: Any) -> Any:
        return real_of(super().uninstrument_connection(connection))
