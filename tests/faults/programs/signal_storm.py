"""A timer every 0.6 ms, whose handler sets an attribute of the live span. `signal_storm.py SECONDS`"""

import signal
import sys
import time

import kit
from opentelemetry import metrics

counter = metrics.get_meter("faults").create_counter("count")
live, rung, made, longest = None, 0, 0, 0.0


def ring(*_):
    global rung
    rung += 1
    if live is not None:
        live.set_attribute("rung", rung)
        live.add_event("rung")
    counter.add(1)


signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.0006, 0.0006)
try:
    begun = last = time.monotonic()
    while (now := time.monotonic()) - begun < float(sys.argv[1]):
        longest, last = max(longest, now - last), now
        live = kit.tracer().start_span("main", attributes={"a": 1})
        for number in range(50):
            live.set_attribute(f"key{number}", number)
        live.end()
        made += 1
finally:
    signal.setitimer(signal.ITIMER_REAL, 0)
kit.note(made=made, rung=rung, longest=longest)
kit.flush()
print("done")
