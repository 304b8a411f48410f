"""What both sides do through the same interface: OpenTelemetry's API and the standard library's logging."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import drivers

BATCH = 64
ATTRIBUTES = {"shop.customer": "customer 7", "shop.items": 3, "shop.express": True}
#: 500 characters.
STATEMENT = (
    "SELECT o.id, o.created, c.name, SUM(i.price * i.quantity) AS total FROM orders AS o JOIN customers AS c ON"
    " c.id = o.customer_id JOIN items AS i ON i.order_id = o.id LEFT JOIN vouchers AS v ON v.order_id = o.id WHERE"
    " o.id > 4711 AND o.state IN ('paid', 'packed', 'sent') AND c.country = 'PT' AND c.city <> 'Porto' AND i.price"
    " BETWEEN 9.90 AND 99.90 AND (v.code IS NULL OR v.code LIKE 'SPRING%') GROUP BY o.id, o.created, c.name HAVING"
    " SUM(i.price * i.quantity) > 100 ORDER BY o.created DESC, o.id"
).ljust(500 - len(" LIMIT 50")) + " LIMIT 50"


def span(tracer: Any) -> Any:
    """One span made by hand; what it was."""
    with tracer.start_as_current_span("checkout", attributes=ATTRIBUTES) as made:
        pass
    return made


def recording(meter: Any) -> Callable[[], object]:
    record = meter.create_histogram("shop.checkout.duration", "s").record
    return lambda: record(0.037, ATTRIBUTES)


def logging_to(logger: logging.Logger) -> Callable[[], object]:
    logger.setLevel(logging.INFO)
    return lambda: logger.info("greeting %s", "customer 7")


def environ() -> dict[str, Any]:
    """A request with trace context, and with more headers than that."""
    headers = {"HTTP_TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    return {**drivers.environ(7), **headers}
