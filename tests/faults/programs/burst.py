"""20,000 spans in a tight loop, then the end of the program."""

import kit

kit.work(20_000)
print("done")
