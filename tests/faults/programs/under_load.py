"""1,000 spans in a second, counted in a file that outlives the process, until it is killed."""

import mmap
import struct
import sys
import time

import kit

with open(sys.argv[1], "r+b") as file:
    counter = mmap.mmap(file.fileno(), 8)
begun, made = time.perf_counter(), 0
while True:
    due = int((time.perf_counter() - begun) * 1000) - made
    for _ in range(due):
        kit.work(1)
        made += 1
        counter[:8] = struct.pack("q", made)
    time.sleep(0.002)
