"""Spans at a steady rate, while the collector comes and goes. `paced.py RATE SECONDS FLUSH_MS`"""

import sys
import time

import kit

rate, seconds, patience = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
begun, made = time.perf_counter(), 0
while (now := time.perf_counter() - begun) < seconds:
    due = int(now * rate) - made
    kit.work(due)
    made += due
    time.sleep(0.005)
kit.note(created=made, flushed=kit.flush(patience))
print("done")
