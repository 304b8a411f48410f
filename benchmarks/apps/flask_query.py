"""A Flask application that runs one sqlite3 query for each request."""

from flask import Flask

from apps import stock

wsgi = Flask(__name__)
database = stock.connect()


@wsgi.get("/hello/<name>")
def hello(name: str) -> str:
    return f"Hello, {name}: {stock.quantity(database, name)} in stock"
