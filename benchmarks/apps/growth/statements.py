"""Queries with sqlite3 of so many texts, as a program writes them that puts values into its statements."""

from apps import stock
from apps.growth import SIZE

database = stock.connect()
STATEMENTS = [f"SELECT quantity FROM stock WHERE item = 'item {number}' AND quantity > 3" for number in range(SIZE)]


def call(number: int) -> None:
    database.cursor().execute(STATEMENTS[number % SIZE]).fetchone()
