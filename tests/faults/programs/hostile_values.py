"""Values that break naive code, given to every setter of the API; 99 good spans beside each."""

import math

import kit
from opentelemetry import _logs, metrics, trace

cyclic = []
cyclic.append(cyclic)
deep = []
for _ in range(10_000):
    deep = [deep]


class Raises:
    def __str__(self):
        raise ValueError("no")

    __repr__ = __str__
    __bool__ = __len__ = __iter__ = __hash__ = __eq__ = __str__


class Sequence(list):
    def __iter__(self):
        raise ValueError("no")


values = [
    cyclic, deep, Raises(), [Raises()], Sequence([1]), "x" * 10_000_000, "\ud800 lone", "\0\r\n\x1b[31m", 2**70,
    -(2**70), math.nan, math.inf, b"\xff\xfe", {"a": {"b": 1}}, {1: 2}, None, [1, "a", None, 2.5], object(), ..., type,
    bytearray(b"x"), memoryview(b"x"), {1, 2}, iter([1]), 1j,
]  # fmt: skip
keys = ["", "k" * 100_000, "\ud800", None, 1, Raises(), b"bytes", ("a",)]
logger = _logs.get_logger("faults")
counter = metrics.get_meter("faults").create_counter("count")
failures = 0
longest = 0.0


def attempt(call, *arguments, **named):
    global failures, longest
    try:
        with kit.clock() as took:
            call(*arguments, **named)
        longest = max(longest, took.seconds)
    except Exception as error:
        failures += 1
        kit.note(failure=f"{getattr(call, '__name__', call)}: {type(error).__name__}")


made = 0
for value in values:
    kit.work(9)
    span = kit.tracer().start_span("hostile")
    attempt(span.set_attribute, "key", value)
    attempt(span.set_attributes, {"other": value})
    attempt(span.add_event, "event", {"key": value})
    attempt(span.record_exception, ValueError(value))
    attempt(span.end)
    attempt(logger.emit, body=value, attributes={"key": value})
    attempt(counter.add, 1, {"key": value})
    made += 10
for key in keys:
    span = kit.tracer().start_span("hostile")
    attempt(span.set_attribute, key, "value")
    attempt(span.update_name, key)
    attempt(span.add_event, key)
    attempt(span.set_status, trace.Status(trace.StatusCode.ERROR, key if isinstance(key, str) else None))
    attempt(span.end)
    attempt(lambda key=key: kit.tracer().start_span(key).end())
    made += 2
kit.note(made=made, failures=failures, longest=longest)
kit.flush()
