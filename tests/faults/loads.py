"""Clients of the servers under test."""

from __future__ import annotations

import http.client
import threading
from concurrent.futures import ThreadPoolExecutor

_connections = threading.local()


def get(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def answers(port: int) -> bool:
    try:
        return get(port, "/nowhere")[0] in (200, 404)
    except (OSError, http.client.HTTPException):
        return False


def load(port: int, count: int, clients: int = 4) -> set[tuple[int, bytes]]:
    """Gets /items/0 to /items/COUNT-1; the answers that are not the application's own."""
    with ThreadPoolExecutor(clients) as pool:
        found = list(pool.map(lambda number: get(port, f"/items/{number}"), range(count)))
    expected = [(200, b'{"number":%d}' % number) for number in range(count)]
    return {
        (status, body) for (status, body), right in zip(found, expected, strict=True) if (status, body.strip()) != right
    }
