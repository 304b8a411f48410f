"""One query with sqlite3, on a table of a hundred rows in memory."""

from apps import stock

database = stock.connect()


def call(number: int) -> None:
    stock.quantity(database, f"item {number % 100}")
