"""Spans made by hand with so many values of one attribute."""

from opentelemetry import trace

from apps.growth import SIZE

tracer = trace.get_tracer("shop")


def call(number: int) -> None:
    with tracer.start_as_current_span("checkout", attributes={"shop.customer": f"customer {number % SIZE}"}):
        pass
