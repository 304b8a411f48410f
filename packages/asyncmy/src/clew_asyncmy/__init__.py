"""Follows the statements that an application runs with asyncmy: cursors of C, of which it is handed subclasses."""

from typing import Any

from clew import Derived, Plugin, derive
from clew.conventions import db_client
from clew.mysql_pools import pools

__all__ = ["plugin"]


def read_server(connection: Any) -> db_client.Server:
    return db_client.mysql(connection._host, connection._port, connection._db, connection.get_server_info())


operations = db_client.methods(read_server, db_client.vendor_code)
operations["execute"] = db_client.commented(operations["execute"])
cursor = Derived("asyncmy.cursors:Cursor", operations, default="_cursor_cls")
plugin = Plugin("asyncmy", hooks=[derive("asyncmy.connection:Connection.cursor", "cursor", cursor), pools("asyncmy")])
