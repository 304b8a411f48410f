"""What clients of ClickHouse have in common: where the data of an INSERT may stand, and the code of a failure."""

from __future__ import annotations

import re
from typing import Any

from clew.conventions import db, db_client

#: What comes after it is data, in any format.
_INSERT = re.compile(r"\s*insert\b.*?\bformat\s+\w+", re.DOTALL | re.IGNORECASE)
_CODE = re.compile(r"\bCode: (\d+)")


def query(text: Any, of: Any, rows: Any = None, by_column: Any = False) -> db_client.Query:
    """One statement without the data in its text, and what it inserts; what is no text, the client will refuse."""
    if by_column and db.size(rows):
        rows = rows[0]
    found = _INSERT.match(text) if isinstance(text, str) else None
    return db_client.query(text if found is None else found[0], of, rows)


def read_code(error: BaseException) -> str | None:
    """The server's own code. What a client gives to all failures of a kind is none."""
    package = type(error).__module__.partition(".")[0]
    code = vars(error).get("code") if package in ("clickhouse_connect", "clickhouse_driver") else None
    if isinstance(code, int):
        return str(code)
    found = _CODE.search(str(error)) if package == "clickhouse_connect" else None  # before its failures had `code`
    return None if found is None else found[1]
