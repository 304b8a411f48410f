"""Spans, log records and measurements at a high rate, until its time is over. `soaked.py SECONDS SPANS_PER_SECOND`"""

import sys
import time

import kit
from opentelemetry import _logs, metrics

seconds, rate = float(sys.argv[1]), int(sys.argv[2])
counter = metrics.get_meter("faults").create_counter("count")
histogram = metrics.get_meter("faults").create_histogram("duration")
logger = _logs.get_logger("faults")
begun, made, logs, told = time.perf_counter(), 0, 0, 0.0
while (now := time.perf_counter() - begun) < seconds:
    due = int(now * rate) - made
    for number in range(due):
        with kit.tracer().start_as_current_span(
            "work", attributes={"number": number % 50, "user": f"user-{made % 5000}"}
        ):
            kit.tracer().start_span("inner").end()
        counter.add(1, {"route": number % 10})
        histogram.record(number / 1000, {"route": number % 10})
        if number % 5 == 0:
            logger.emit(body=f"line {number}")
            logs += 1
    made += due
    if now - told >= 5:
        told = now
        kit.note(at=now, memory=kit.memory(), threads=kit.threads(), descriptors=kit.descriptors(), made=2 * made)
    time.sleep(0.005)
kit.note(spans=2 * made, logs=logs, measured=made, flushed=kit.flush(60_000))
