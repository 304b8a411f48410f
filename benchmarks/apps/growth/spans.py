"""One trace of so many spans, made by hand."""

from opentelemetry import trace

from apps.growth import SIZE

tracer = trace.get_tracer("shop")


def call(number: int) -> None:
    with tracer.start_as_current_span("checkout"):
        for _ in range(SIZE - 1):
            with tracer.start_as_current_span("item"):
                pass
