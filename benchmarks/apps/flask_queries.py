"""A Flask application that runs twenty sqlite3 queries for each request."""

from flask import Flask

from apps import stock

wsgi = Flask(__name__)
database = stock.connect()


@wsgi.get("/hello/<name>")
def hello(name: str) -> str:
    total = sum(stock.quantity(database, f"item {number}") for number in range(20))
    return f"Hello, {name}: {total} in stock"
