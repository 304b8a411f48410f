"""What clients of ClickHouse have in common: data in the text of an INSERT, changing databases, codes of failures."""

from __future__ import annotations

import re
from typing import Any

from clew import sql
from clew.conventions import db, db_client

_INSERT = re.compile(r"\binsert\b", re.IGNORECASE)
#: What comes after it in an INSERT is data, in any format.
_FORMAT = re.compile(r"\bformat(?=[\s/-])(?:\s+\w+)?", re.IGNORECASE)
_CODE = re.compile(r"\bCode: (\d+)")


def query(text: Any, of: Any, rows: Any = None, by_column: Any = False) -> db_client.Query:
    """One statement without the data in its text, and the rows that it inserts. `of` has a `database`, which may be
    another one than before."""
    server = db.server_of(of)
    if server is not None and server.namespace != of.database:
        db.remember(of, server._replace(namespace=of.database))
    if by_column and db.size(rows):
        rows = rows[0]
    return db_client.query(without_data(text), of, rows)


def without_data(text: Any) -> Any:
    """The statement up to the data in it, as far as statements are read; what is no text, the client will refuse."""
    if not isinstance(text, (str, bytes)):
        return text
    start = text[: sql.LONGEST + 1]
    if isinstance(start, bytes):
        start = start.decode(errors="replace")
    insert = _INSERT.search(start) if "insert" in start.lower() else None  # most need no slow look
    found = _FORMAT.search(start, insert.end()) if insert else None
    return start[: found.end()] if found else start


def read_code(error: BaseException) -> str | None:
    """The server's own code. What a client gives to all failures of a kind is none."""
    package = type(error).__module__.partition(".")[0]
    code = vars(error).get("code") if package in ("clickhouse_connect", "clickhouse_driver") else None
    if isinstance(code, int):
        return str(code)
    found = _CODE.search(str(error)) if package == "clickhouse_connect" else None  # before its failures had `code`
    return None if found is None else found[1]
