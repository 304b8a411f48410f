"""A Flask application that runs ten queries for each request on average, but so many in one request."""

from flask import Flask

from apps import stock
from apps.growth import SIZE

wsgi = Flask(__name__)
database = stock.connect()
ALL_OF = SIZE // 10  # so many requests have their queries in the first of them


@wsgi.get("/hello/<int:number>")
def hello(number: int) -> str:
    if number % ALL_OF == 0:
        for item in range(SIZE):
            stock.quantity(database, f"item {item % 100}")
    return f"Hello, {number}!"
