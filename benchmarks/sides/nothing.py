"""What telemetry surrounds when only telemetry is to be measured: it does nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import httpx

REQUEST = httpx.Request("GET", "http://127.0.0.1:8000/items/7?sort=name", headers={"accept": "*/*"})
RESPONSE = httpx.Response(200, extensions={"http_version": b"HTTP/1.1"}, request=REQUEST)
STATEMENT = "SELECT quantity FROM stock WHERE item = %s"


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


class Client:
    def send(self, request: httpx.Request) -> httpx.Response:
        return RESPONSE


class Transport(httpx.BaseTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return RESPONSE


class Cursor:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def execute(self, statement: str, parameters: object = ()) -> None:
        pass


class Connection:
    def cursor(self) -> Cursor:
        return Cursor(self)


def connect() -> Connection:
    return Connection()
