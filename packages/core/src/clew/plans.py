"""How databases are asked for the plan of a statement, and what may be told of it: no literals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clew.explaining import Explain
from clew.sql_text import without_literals

#: Makes a cursor of the driver's own class; None where this is no time to ask.
Other = Callable[[Any], Any]
IDLE, IN_TRANSACTION = 0, 2  # libpq's PQtransactionStatus
_LIMITS = "SET LOCAL statement_timeout = 1000; SET LOCAL lock_timeout = 100"
_CONDITIONS = ("Index Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter")
DEEPEST = 20


def postgresql(other: Other) -> Explain:
    """Within the application's transaction below a savepoint, which takes the limits of time back with it; otherwise,
    where each statement is a transaction, in one that is rolled back."""

    def explain(cursor: Any, text: str, parameters: tuple[Any, ...]) -> str | None:
        connection = cursor.connection
        status = connection.info.transaction_status
        if status == IN_TRANSACTION:
            begin, end = "SAVEPOINT clew_plan", "ROLLBACK TO SAVEPOINT clew_plan; RELEASE SAVEPOINT clew_plan"
        elif status == IDLE and connection.autocommit:
            begin, end = "BEGIN", "ROLLBACK"
        else:
            return None
        asking = other(cursor)
        if asking is None:
            return None
        try:
            asking.execute(f"{begin}; {_LIMITS}")
            asking.execute(f"EXPLAIN (FORMAT JSON) {text}", *parameters)
            found = asking.fetchone()[0]
        finally:
            asking.execute(end)
            asking.close()
        if not isinstance(found, list):  # the application wants JSON as text
            from json import loads

            found = loads(found)
        return _node(found[0]["Plan"])

    return explain


def mysql(other: Other) -> Explain:
    """A failed statement leaves a transaction as it is. MariaDB limits the time; MySQL has no limit for this."""

    def explain(cursor: Any, text: str, parameters: tuple[Any, ...]) -> str | None:
        asking = other(cursor)
        if asking is None:
            return None
        limit = "SET STATEMENT max_statement_time = 1 FOR " * ("mariadb" in cursor.connection.get_server_info().lower())
        asking.execute(f"{limit}EXPLAIN {text}", *parameters)
        names = [column[0].lower() for column in asking.description]
        rows = [dict(zip(names, row, strict=True)) for row in asking.fetchall()]
        asking.close()
        return "; ".join(map(_row, rows)) if "table" in names else None

    return explain


def sqlite(other: Other) -> Explain:
    """SQLite compiles the statement and runs nothing."""

    def explain(cursor: Any, text: str, parameters: tuple[Any, ...]) -> str | None:
        asking = other(cursor)
        asking.execute(f"EXPLAIN QUERY PLAN {text}", *parameters)
        return "; ".join(without_literals(str(row[-1]), "sqlite").text for row in asking.fetchall())

    return explain


def _node(node: dict[str, Any], depth: int = 0) -> str:
    """`Limit (3 rows, cost 2.1) [Seq Scan on items (10 rows, cost 8.4, filter (sku = ?))]`"""
    place = "".join(
        f" {word} {node[key]}" for word, key in (("on", "Relation Name"), ("by", "Index Name")) if key in node
    )
    said = [f"{node['Plan Rows']} rows", f"cost {node['Total Cost']}"]
    for key in _CONDITIONS:
        if key in node:
            text, whole = without_literals(str(node[key]), "postgresql")
            said.append(f"{key.lower()} {text if whole else '?'}")
    below = [_node(child, depth + 1) for child in node.get("Plans", ())] if depth < DEEPEST else ["…"]
    return f"{node['Node Type']}{place} ({', '.join(said)})" + (f" [{', '.join(below)}]" if below else "")


def _row(row: dict[str, Any]) -> str:
    """`items ALL (10 rows, Using where)`"""
    key = f" by {row['key']}" if row.get("key") else ""
    said = ", ".join([f"{row.get('rows')} rows", *filter(None, [row.get("extra")])])
    return f"{row['table']} {row.get('type')}{key} ({said})"
