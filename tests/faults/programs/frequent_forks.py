"""Many forks whose children record nothing, then a few that do; how much it takes and leaves. `… COUNT`"""

import os
import subprocess
import sys

import kit

kit.work(10)
kit.flush()
count = int(sys.argv[1])
before = kit.threads(), kit.descriptors()
started = 0
with kit.clock() as took:
    for _ in range(count):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing, bytes([kit.threads()]))
            os._exit(0)
        os.close(writing)
        started = max(started, os.read(reading, 1)[0])
        os.close(reading)
        os.waitpid(child, 0)
for _ in range(20):
    subprocess.run(["true"], preexec_fn=lambda: None, check=True)
kit.note(before=before, after=(kit.threads(), kit.descriptors()), each=took.seconds / count, in_child=started)
print("done")
