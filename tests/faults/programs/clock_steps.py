"""The time of day jumps by an hour, forth and back, while spans are open; the other clock goes on as it must."""

import time

import kit

step = 0
real, real_ns = time.time, time.time_ns
time.time = lambda: real() + step
time.time_ns = lambda: real_ns() + step * 10**9
for jump in (3600, -3600, 0):
    spans = [kit.tracer().start_span("open") for _ in range(10)]
    step = jump
    for span in spans:
        span.end()
    kit.work(10, "closed")
    kit.note(flushed=kit.flush(5000))
step = -3600
print("done")
kit.note(ending=real())
