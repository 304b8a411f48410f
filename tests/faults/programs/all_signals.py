"""2,000 spans, a metric and a log record, then the end of the program."""

import time

import kit
from opentelemetry import _logs, metrics

kit.work(2000)
metrics.get_meter("faults").create_counter("count").add(1)
_logs.get_logger("faults").emit(body="hello")
print("done")
kit.note(ending=time.time())
