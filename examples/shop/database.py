"""The shop's database: SQLite in a file, or PostgreSQL when STOCK_DB is a postgresql:// address.

`python -m shop.database` makes the tables and fills them once.
"""

import os
import sqlite3
from contextlib import closing

STOCK_DB = os.environ.get("STOCK_DB", "shop.sqlite3")
ON_POSTGRESQL = STOCK_DB.startswith(("postgresql://", "postgres://"))

ITEMS = ["thread", "needle", "scissors", "button", "ribbon", "lace", "felt", "wool", "silk", "linen", "zip", "thimble"]
MOVEMENTS_PER_ITEM = 8_000


def run(statement, *values):
    """Runs one statement on a connection of its own; returns its rows."""
    with closing(connect()) as connection, connection:
        cursor = connection.execute(in_dialect(statement), values)
        return cursor.fetchall() if cursor.description else []


def connect():
    if ON_POSTGRESQL:
        import psycopg

        return psycopg.connect(STOCK_DB)
    return sqlite3.connect(STOCK_DB, timeout=10)


def in_dialect(statement):
    return statement.replace("?", "%s") if ON_POSTGRESQL else statement


def create():
    items = [(f"sku-{number}", name, 1.5 * number) for number, name in enumerate(ITEMS, 1)]
    movements = [(sku, 5) for _ in range(MOVEMENTS_PER_ITEM) for sku, *_ in items]
    with closing(connect()) as connection, connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE IF NOT EXISTS items (sku TEXT PRIMARY KEY, name TEXT, price REAL)")
        cursor.execute("CREATE TABLE IF NOT EXISTS movements (sku TEXT, quantity INTEGER, reservation TEXT)")
        if cursor.execute("SELECT sku FROM items").fetchone() is None:
            cursor.executemany(in_dialect("INSERT INTO items VALUES (?, ?, ?)"), items)
            cursor.executemany(in_dialect("INSERT INTO movements (sku, quantity) VALUES (?, ?)"), movements)


if __name__ == "__main__":
    create()
