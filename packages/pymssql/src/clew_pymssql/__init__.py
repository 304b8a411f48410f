"""Follows the statements that an application runs with pymssql."""

from typing import Any

from clew import Method, Plugin, Standing, after, stand_in
from clew.conventions import db_client

__all__ = ["plugin"]


def read_arguments(connection: Any, *args: Any, **options: Any) -> db_client.Server:
    given = {**dict(zip(("server", "user", "password", "database"), args, strict=False)), **options}
    host, _, port = str(given.get("host") or given.get("server") or "").partition(":")
    number = given.get("port") or port or 1433
    return db_client.Server("microsoft.sql_server", host or None, int(number), given.get("database") or None)


def read_unknown(connection: Any) -> db_client.Server:
    return db_client.Server("microsoft.sql_server")


operations = db_client.methods(read_unknown, db_client.vendor_code)
cursor = Standing({name: Method(operation) for name, operation in operations.items()})
plugin = Plugin(
    "pymssql",
    hooks=[
        stand_in("pymssql:connect", Standing({"cursor": Method(returns=cursor)})),
        after("pymssql:connect", db_client.opened(read_arguments)),
    ],
)
