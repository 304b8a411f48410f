"""Follows the statements that an application runs with clickhouse-driver, by its client or by the DB-API."""

from typing import Any

from clew import Plugin, clickhouse, patch
from clew.conventions import db_client

__all__ = ["plugin"]


def read_server(connection: Any) -> db_client.Server:
    host, port = connection.hosts[0]  # the one that answers, once one has
    return db_client.Server("clickhouse", host, port, connection.database)


def read_statement(client: Any, query: Any, params: Any = None, *args: Any, **options: Any) -> db_client.Query:
    rows = params if isinstance(params, (list, tuple)) else None  # what an INSERT has; others have a dict
    return clickhouse.query(query, client.connection, rows, options.get("columnar"))


def read_insert(client: Any, query: Any, dataframe: Any, *args: Any, **options: Any) -> db_client.Query:
    return clickhouse.query(query, client.connection, dataframe)


statement = db_client.statement(read_statement, read_server, clickhouse.read_code, innermost=True)
around = db_client.statement(read_statement, read_server, clickhouse.read_code)
insert = db_client.statement(read_insert, read_server, clickhouse.read_code, innermost=True)
operations = {
    **dict.fromkeys(("execute", "execute_iter", "execute_with_progress"), statement),
    **dict.fromkeys(("query_dataframe", "query_arrow", "query_arrow_stream"), around),
    "insert_dataframe": insert,
}
plugin = Plugin(
    "clickhouse_driver",
    versions=">=0.2",
    hooks=[
        patch(f"clickhouse_driver.client:Client.{name}", operation, optional=True)
        for name, operation in operations.items()
    ],
)
