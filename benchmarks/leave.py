"""A process that answers requests in a hurry and then ends: what it has recorded is still queued.

Started through a contender's own wrapper as `python leave.py APPLICATION COUNT`. Its last act is to print the time of
the clock that all processes share, and how many threads it has.
"""

from __future__ import annotations

import json
import os
import sys
import time

import drivers

if __name__ == "__main__":
    drivers.prepare(sys.argv[1])(0, int(sys.argv[2]))
    threads = len(os.listdir("/proc/self/task"))
    print(json.dumps({"threads": threads, "left": time.clock_gettime(time.CLOCK_MONOTONIC)}), flush=True)
