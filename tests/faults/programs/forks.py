"""The pipeline runs, and 300 spans wait; then 8 children are forked, each makes 50."""

import os
import sys

import kit
from opentelemetry import metrics

counter = metrics.get_meter("faults").create_counter("count")
kit.work(300)
counter.add(100)
kit.flush()
kit.work(300)
for _ in range(8):
    if os.fork() == 0:
        kit.work(50)
        counter.add(1)
        sys.exit()
for _ in range(8):
    os.wait()
print("done")
