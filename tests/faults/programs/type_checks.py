"""What C code, pickle, copy and subclasses expect of the classes that are patched."""

import kit  # isort: split

import copy
import inspect
import pickle
import sqlite3

import flask
import httpx
import requests

connection = sqlite3.connect(":memory:")
cursor = connection.execute("select 1")
print(isinstance(connection, sqlite3.Connection), isinstance(cursor, sqlite3.Cursor), cursor.fetchone())
print(type(connection).__name__, type(connection).__module__, type(cursor).__name__)


class Mine(sqlite3.Connection):
    def cursor(self, factory=sqlite3.Cursor):
        return super().cursor(factory)


mine = sqlite3.connect(":memory:", factory=Mine)
print(type(mine).__name__, isinstance(mine, Mine), mine.execute("select 2").fetchone())
sqlite3.register_adapter(complex, str)
print(connection.execute("select ?", (1j,)).fetchone())
connection.row_factory = sqlite3.Row
print(dict(connection.execute("select 3 as three").fetchone()))
target = sqlite3.connect(":memory:")
connection.backup(target)
with connection:
    connection.executemany("select ?", []) if False else None

session = requests.Session()
session.headers["a"] = "b"
again = pickle.loads(pickle.dumps(session))
print(type(again).__name__, again.headers["a"], copy.copy(session).headers["a"], copy.deepcopy(session).headers["a"])


class Adapter(requests.adapters.HTTPAdapter):
    def send(self, request, **options):
        response = requests.Response()
        response.status_code, response.request, response.url = 299, request, request.url
        return response


session.mount("http://", Adapter())
print(session.get("http://example.invalid/").status_code)
print(inspect.signature(requests.adapters.HTTPAdapter.send), inspect.signature(flask.Flask.wsgi_app))
print(
    requests.adapters.HTTPAdapter.send.__qualname__, inspect.iscoroutinefunction(httpx.AsyncClient._send_single_request)
)
print(pickle.loads(pickle.dumps(flask.Flask.wsgi_app)).__name__)


class App(flask.Flask):
    def wsgi_app(self, environ, start_response):
        environ["mine"] = "yes"
        return super().wsgi_app(environ, start_response)


app = App("app")
app.add_url_rule("/", view_func=lambda: flask.request.environ["mine"])
print(app.test_client().get("/").text)
kit.work(1)
