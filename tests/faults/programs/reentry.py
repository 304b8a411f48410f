"""Values and garbage that call the API from where it calls them."""

import gc
import logging

import kit

log = logging.getLogger("faults")


class Speaks:
    def __init__(self, span):
        self.span = span

    def __str__(self):
        self.span.set_attribute("again", 1)
        kit.work(1, "from str")
        return "spoken"

    __repr__ = __str__


class Garbage:
    def __init__(self):
        self.itself = self

    def __del__(self):
        log.warning("collected")
        kit.work(1, "from del")


for _ in range(20):
    with kit.tracer().start_as_current_span("work") as span:
        span.set_attribute("value", Speaks(span))
        span.add_event("event", {"value": Speaks(span)})
        span.set_attributes({"more": [Speaks(span)]})
gc.set_threshold(1, 1, 1)
for _ in range(50):
    Garbage()
    kit.work(1)
kit.flush()
gc.collect()
kit.flush()
print("done")
