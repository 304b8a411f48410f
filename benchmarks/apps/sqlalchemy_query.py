"""One query with SQLAlchemy, on a table of a hundred rows in a sqlite3 database in memory."""

from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from apps import stock

engine = create_engine("sqlite://", creator=stock.connect, poolclass=StaticPool)
statement = text("SELECT quantity FROM stock WHERE item = :item")


def call(number: int) -> None:
    with engine.connect() as connection:
        connection.execute(statement, {"item": f"item {number % 100}"}).first()
