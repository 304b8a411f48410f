"""50,000 values of a label."""

import kit
from opentelemetry import metrics

counter = metrics.get_meter("faults").create_counter("count")
for number in range(100):
    counter.add(0, {"warm": number})
kit.flush()
before = kit.memory()
for number in range(50_000):
    counter.add(1, {"user": f"user-{number}"})
kit.flush()
kit.note(grown=kit.memory() - before)
print("done")
