"""A span processor of the application's that raises wherever it can, and a sampler that does (OTEL_TRACES_SAMPLER)."""

import kit
from opentelemetry import trace


class Raising:
    def on_start(self, *arguments, **named):
        raise ZeroDivisionError("on_start")

    def on_end(self, *arguments):
        raise ZeroDivisionError("on_end")

    _on_ending = on_ending = on_end

    def shutdown(self):
        raise ZeroDivisionError("shutdown")

    def force_flush(self, timeout_millis=30000):
        raise ZeroDivisionError("force_flush")


provider = trace.get_tracer_provider()
if hasattr(provider, "add_span_processor"):
    provider.add_span_processor(Raising())
for _ in range(5):
    try:
        with kit.tracer().start_as_current_span("work") as span:
            span.set_attribute("key", 1)
    except ZeroDivisionError as error:
        print("raised", error)
try:
    kit.flush(2000)
except ZeroDivisionError as error:
    print("raised", error)
print("done")
