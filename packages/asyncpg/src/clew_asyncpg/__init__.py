"""Follows the statements that an application runs with asyncpg: connections, pools, prepared statements, cursors."""

from typing import Any

from clew import Plugin, patch, pooled
from clew.conventions import db_client, db_pool

__all__ = ["plugin"]


def read_server(connection: Any) -> db_client.Server:
    address = connection._addr
    host, port = address if isinstance(address, tuple) else (address, None)  # or the path of a socket
    return db_client.Server("postgresql", host, port, connection._params.database)


def read_statement(connection: Any, query: str, *args: Any, **options: Any) -> db_client.Query:
    return db_client.query(query, of=connection)


def read_command(connection: Any, query: str, *args: Any, **options: Any) -> db_client.Query | None:
    if query is getattr(connection, "_reset_query", None):  # a pool's, when it gets its connection back
        return None
    return db_client.query(query, of=connection)


def read_batch(connection: Any, command: str, args: Any, **options: Any) -> db_client.Query:
    return db_client.query(command, of=connection, batch=args)


def read_prepared(statement: Any, *args: Any, **options: Any) -> db_client.Query:
    return db_client.query(statement._query, of=statement._connection)


def read_prepared_batch(statement: Any, args: Any, **options: Any) -> db_client.Query:
    return db_client.query(statement._query, of=statement._connection, batch=args)


def read_cursor(cursor: Any, *args: Any) -> db_client.Query:
    return db_client.query(cursor._query, of=cursor._connection)


def read_copy(connection: Any, copy_stmt: str, *args: Any) -> db_client.Query:
    return db_client.query(copy_stmt, of=connection)


def read_records(connection: Any, table_name: str, **options: Any) -> db_client.Query:
    return db_client.query(f'COPY "{table_name}" FROM STDIN', of=connection)


def read_holder(pool: Any) -> Any:
    """A pool takes no weak reference; the holders of its connections do (in newer versions), and live as long as it."""
    return pool._holders[0] if pool._holders and hasattr(pool._holders[0], "__weakref__") else None


def read_pool(holder: Any) -> db_pool.Pool | None:
    pool = holder._pool
    if pool._closed:
        return None
    open_ones = (connection for each in pool._holders if (connection := each._con) is not None)
    name = next((db_pool.name_of(read_server(connection)) for connection in open_ones), "")
    idle = pool.get_idle_size()
    return db_pool.Pool(name, pool.get_size() - idle, idle, pool.get_max_size())


single, many = ("fetch", "fetchval", "fetchrow"), ("executemany", "fetchmany")
targets: dict[str, db_client.Reader] = {
    "connection:Connection.execute": read_command,
    **{f"connection:Connection.{name}": read_statement for name in single},
    **{f"connection:Connection.{name}": read_batch for name in many},
    "connection:Connection._copy_in": read_copy,
    "connection:Connection._copy_out": read_copy,
    "connection:Connection.copy_records_to_table": read_records,
    **{f"prepared_stmt:PreparedStatement.{name}": read_prepared for name in single},
    **{f"prepared_stmt:PreparedStatement.{name}": read_prepared_batch for name in many},
    "cursor:BaseCursor._bind_exec": read_cursor,
    "cursor:BaseCursor._bind": read_cursor,
}
plugin = Plugin(
    "asyncpg",
    versions=">=0.27",
    instrumentor="clew_asyncpg.instrumentor",
    hooks=[
        *(
            patch(f"asyncpg.{target}", db_client.statement(read, read_server, innermost=True), optional=True)
            for target, read in targets.items()
        ),
        pooled("asyncpg.pool:Pool._acquire", read_pool, held=read_holder),
    ],
)
