"""Observable instruments whose callbacks raise, or take long, beside good ones. `observers.py raise|hang`"""

import kit  # isort: split

import sys
import time

from opentelemetry import metrics
from opentelemetry.metrics import Observation

meter = metrics.get_meter("faults")
slow = [1]


def bad(options):
    if sys.argv[1] == "raise":
        raise RuntimeError("callback")
    if slow:
        slow.pop()
        time.sleep(60)
    return [Observation(1)]


meter.create_observable_gauge("bad", [bad])
meter.create_observable_gauge("good", [lambda options: [Observation(7)]])
meter.create_counter("count").add(3)
kit.work(10)
kit.flush(2000)
kit.work(10)
print("done")
kit.note(ending=time.time())
