"""Keeps the trace and the request ID in threads, and in pools of threads and of processes."""

from clew import Plugin, carry, carry_run

__all__ = ["plugin"]

plugin = Plugin(
    "contextvars",
    instrumentor="clew_threads.instrumentor",
    hooks=[
        carry_run("threading:Thread.start", "run"),
        carry("concurrent.futures.thread:ThreadPoolExecutor.submit", 1),
        carry("concurrent.futures.process:ProcessPoolExecutor.submit", 1),
        # What else there is of them ends in one of these; pools of threads are a subclass.
        *(
            carry(f"multiprocessing.pool:Pool.{method}", 1)
            for method in ("apply_async", "_map_async", "imap", "imap_unordered")
        ),
    ],
)
