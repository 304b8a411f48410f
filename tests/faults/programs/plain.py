"""A plain script: some spans, a flush, perhaps again. `plain.py COUNT ROUNDS FLUSH_MS`"""

import sys
import time

import kit

count, rounds, patience = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for _ in range(rounds):
    kit.work(count, secret="hunter2")
    if patience:
        kit.note(flushed=kit.flush(patience))
print("done")
kit.note(ending=time.time())
