"""While the thread that sends waits for the server, a child is forked: it records, flushes, and ends."""

import os
import sys
import time

import kit
from opentelemetry import _logs, metrics

counter = metrics.get_meter("faults").create_counter("count")
logger = _logs.get_logger("faults")


def record():
    kit.work(600)
    counter.add(1)
    logger.emit(body="hello")


record()
deadline = time.monotonic() + 10
while not os.path.exists(sys.argv[1]) and time.monotonic() < deadline and len(sys.argv) > 2:
    time.sleep(0.01)
child = os.fork()
if child == 0:
    with kit.clock() as took:
        record()
        kit.flush(1000)
    kit.note(child=took.seconds)
    sys.exit()
_, status = os.waitpid(child, 0)
print("child", status)
kit.note(waited=True)
os._exit(0)
