"""A Flask application with one route that is asked under so many URLs."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from apps.growth import SIZE

flask = Flask(__name__)


@flask.get("/hello/<name>")
def hello(name: str) -> str:
    return f"Hello, {name}!"


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    number = int(environ["PATH_INFO"].rpartition("/")[2]) % SIZE
    environ["PATH_INFO"] = f"/hello/{number}"
    return flask(environ, start_response)
