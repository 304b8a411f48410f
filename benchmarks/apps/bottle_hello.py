"""A Bottle application with one route and no work in it."""

from bottle import Bottle

wsgi = Bottle()


@wsgi.get("/hello/<name>")
def hello(name: str) -> str:
    return f"Hello, {name}!"
