"""gevent's patches before the first span, or after it. `greenlets.py before|after`"""

import kit  # isort: split

import sys

if sys.argv[1] == "after":
    kit.work(10)
import gevent.monkey

gevent.monkey.patch_all()
import threading  # noqa: E402
import time  # noqa: E402


def some():
    for _ in range(50):
        with kit.tracer().start_as_current_span("work"):
            time.sleep(0.001)


workers = [threading.Thread(target=some) for _ in range(4)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
kit.note(flushed=kit.flush())
kit.work(10)
print("done")
