"""Exceptions that do not want to be printed, raised inside of spans, requests and statements."""

import kit  # isort: split

import sqlite3

from flask import Flask


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __str__


app = Flask("unprintable")
app.testing = True  # lets exceptions through


@app.get("/")
def hello():
    raise Unprintable


def by_hand():
    with kit.tracer().start_as_current_span("work"):
        raise Unprintable


def in_function():
    connection = sqlite3.connect(":memory:")
    connection.create_function("fail", 0, lambda: 1 / 0)
    connection.execute("select fail()").fetchall()


for call in (by_hand, lambda: app.test_client().get("/", buffered=True), in_function):
    try:
        call()
    except Exception as error:
        print(type(error).__name__)
with kit.tracer().start_as_current_span("work") as span:
    span.record_exception(Unprintable())
kit.work(3)
