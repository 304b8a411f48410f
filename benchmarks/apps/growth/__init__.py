"""Applications in which something grows: BENCH_SIZE says how many spans a trace has, or how many routes there are."""

import os

SIZE = int(os.environ.get("BENCH_SIZE", "10"))
