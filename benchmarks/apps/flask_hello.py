"""A Flask application with one route and no work in it."""

from flask import Flask

wsgi = Flask(__name__)


@wsgi.get("/hello/<name>")
def hello(name: str) -> str:
    return f"Hello, {name}!"
