"""What an application that uses Sentry writes at its beginning; here, so that no application need."""

import os

if os.environ.get("SENTRY_DSN"):
    import sentry_sdk

    # The queue holds 100 transactions by default and drops the others.
    sentry_sdk.init(traces_sample_rate=float(os.environ["BENCH_RATE"]), transport_queue_size=10_000)
