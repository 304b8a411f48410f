"""What the answer to an export costs in memory, at its peak."""

import time

import kit


def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


kit.work(1)
kit.flush()
before = peak()
kit.work(10)
kit.flush(20_000)
kit.note(grown=peak() - before)
print("done")
kit.note(ending=time.time())
