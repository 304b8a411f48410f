"""More than the budget of memory holds, while the collector is down; then it is up. `overflow.py COUNT`"""

import os
import sys

import kit
from opentelemetry.trace import StatusCode

kit.work(1000)
before = kit.memory()
for _ in range(int(sys.argv[1]) // 1000):
    kit.work(1000, text="x" * 100)
for _ in range(100):
    span = kit.tracer().start_span("failure")
    span.set_status(StatusCode.ERROR)
    span.end()
kit.note(grown=kit.memory() - before)
with open(os.environ.get("FAULTS_STAGE", os.devnull), "w"):
    pass  # the test opens the collector
kit.note(flushed=kit.flush(30_000))
print("done")
