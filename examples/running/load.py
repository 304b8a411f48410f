"""The requests that customers send: good, slow and failing ones."""

from __future__ import annotations

import http.client
import json
from typing import Any, NamedTuple


class Visit(NamedTuple):
    """One request, and the status that it is to be answered with."""

    about: str
    method: str
    path: str
    status: int
    order: dict[str, Any] | None = None
    request_id: str = ""


class Answer(NamedTuple):
    """What came back; the request ID is the one that the answer carries."""

    visit: Visit
    status: int
    request_id: str


def order(card: str) -> dict[str, Any]:
    return {"sku": "sku-2", "quantity": 2, "card": card}


DECLINED = Visit("buys with a card that the bank declines", "POST", "/checkout", 502, order("4000 0000"))
ROUND = (
    Visit("looks around", "GET", "/", 200),
    Visit("looks at an item", "GET", "/items/sku-1", 200),
    DECLINED,
    Visit("asks for an item that is not sold", "GET", "/items/sku-99", 404),
    Visit("buys two needles", "POST", "/checkout", 201, order("4242 4242")),
    Visit("takes stock, which is slow", "GET", "/stocktake", 200),
    Visit("buys more, and brings a request ID", "POST", "/checkout", 201, order("4242 4242"), "customer-4711"),
)


def send(visit: Visit, port: int) -> Answer:
    """Sends one request to the shop's front."""
    headers = {"Content-Type": "application/json"}
    if visit.request_id:
        headers["X-Request-ID"] = visit.request_id
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(visit.method, visit.path, json.dumps(visit.order) if visit.order else None, headers)
        response = connection.getresponse()
        response.read()
        return Answer(visit, response.status, response.headers.get("X-Request-ID", ""))
    finally:
        connection.close()
