"""A table of a hundred items in a sqlite3 database in memory."""

import sqlite3


def connect() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.execute("CREATE TABLE stock (item TEXT PRIMARY KEY, quantity INTEGER)")
    database.executemany("INSERT INTO stock VALUES (?, ?)", [(f"item {number}", number) for number in range(100)])
    database.commit()
    return database


def quantity(database: sqlite3.Connection, item: str) -> int:
    cursor = database.cursor()
    cursor.execute("SELECT quantity FROM stock WHERE item = ?", (item,))
    row = cursor.fetchone()
    return row[0] if row else 0
