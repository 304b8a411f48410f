"""A flush of 200 ms, which the server does not answer."""

import kit

kit.work(10)
with kit.clock() as took:
    flushed = kit.flush(200)
kit.note(flushed=flushed, took=took.seconds)
print("done")
