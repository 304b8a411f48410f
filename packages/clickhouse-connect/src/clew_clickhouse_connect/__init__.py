"""Follows the statements that an application runs with clickhouse-connect: queries, commands, inserts, streams."""

from typing import Any
from urllib.parse import urlsplit

from clew import Plugin, clickhouse, patch, quietly
from clew.conventions import db_client, http_client

__all__ = ["plugin"]


def read_server(client: Any) -> db_client.Server:
    address = urlsplit(client.uri)
    if address.scheme == "chdb":  # the engine inside the process
        return db_client.Server("clickhouse", namespace=client.database)
    return db_client.Server("clickhouse", address.hostname, address.port, client.database)


def read_statement(client: Any, query: Any = None, *args: Any, **options: Any) -> db_client.Query | None:
    text = query or options.get("cmd") or getattr(options.get("context"), "query", None)
    return told(client, text)


def read_insert(client: Any, table: Any = None, rows: Any = None, *args: Any, **options: Any) -> db_client.Query | None:
    if table is None:  # it stands in a context, which another call is made with
        return None
    if rows is None:
        rows = next((options[name] for name in ("data", "df", "arrow_table") if name in options), None)
    name = f"{options['database']}.{table}" if options.get("database") else table
    return told(client, f"INSERT INTO {name}", rows, options.get("column_oriented"))


def read_raw_insert(client: Any, table: Any = None, *args: Any, **options: Any) -> db_client.Query | None:
    return told(client, f"INSERT INTO {table}")


def read_context(client: Any, context: Any) -> db_client.Query | None:
    return told(client, f"INSERT INTO {context.table}", range(context.row_count))


def told(client: Any, text: Any, rows: Any = None, by_column: Any = False) -> db_client.Query | None:
    """Nothing for the AsyncClient of old versions: it has another client work in threads, whose calls are followed."""
    return None if hasattr(client, "client") else clickhouse.query(text, client, rows, by_column)


statement = db_client.statement(read_statement, read_server, clickhouse.read_code)
insert, raw_insert, data_insert = (
    db_client.statement(read, read_server, clickhouse.read_code)
    for read in (read_insert, read_raw_insert, read_context)
)
queries = ("query", "query_np", "query_df", "query_arrow", "query_df_arrow")
streams = ("query_rows", "query_row_block", "query_column_block", *queries[1:])
operations = {
    **dict.fromkeys(
        (*queries, *(f"{name}_stream" for name in streams), "raw_query", "raw_stream", "command"), statement
    ),
    **dict.fromkeys(("insert", "insert_df", "insert_arrow", "insert_df_arrow"), insert),
    "raw_insert": raw_insert,
    "data_insert": data_insert,
}
DRIVER = "clickhouse_connect.driver"
plugin = Plugin(
    "clickhouse_connect",
    versions=">=0.8",
    hooks=[
        *(
            patch(f"{DRIVER}.{client}.{method}", operation, optional=True)
            for client in ("httpclient:HttpClient", "asyncclient:AsyncClient", "_chdbclient:ChdbClient")
            for method, operation in operations.items()
        ),
        # What a new client asks the server about itself.
        quietly(f"{DRIVER}.client:Client.__init__", db_client.FAMILY),
        quietly(f"{DRIVER}.asyncclient:AsyncClient._initialize", db_client.FAMILY, optional=True),
        # The request that a statement is sent in would be told a second time.
        *(
            quietly(f"{DRIVER}.{target}", http_client.FAMILY, optional=True)
            for target in (
                "httpclient:HttpClient._raw_request",
                "asyncclient:AsyncClient._raw_request",
                "_backend.http_sync:HttpSyncBackend.request",
                "_backend.http_async:HttpAsyncBackend.request",
            )
        ),
    ],
)
