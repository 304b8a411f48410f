"""A Flask application with so many routes, each asked in its turn."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from apps.growth import SIZE

flask = Flask(__name__)


def hello(name: str) -> str:
    return f"Hello, {name}!"


for route in range(SIZE):
    flask.add_url_rule(f"/shop{route}/<name>", f"shop{route}", hello)


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    name = environ["PATH_INFO"].rpartition("/")[2]
    environ["PATH_INFO"] = f"/shop{int(name) % SIZE}/{name}"
    return flask(environ, start_response)
