"""Keeps the trace and the request ID in threads, and in pools of threads and of processes."""

from clew import Plugin, carry, carry_across, carry_run

__all__ = ["plugin"]

plugin = Plugin(
    "contextvars",
    hooks=[
        carry("concurrent.futures.thread:ThreadPoolExecutor.submit", 1),
        carry_across("concurrent.futures.process:ProcessPoolExecutor.submit", 1),
        carry_run("threading:Thread.start", "run"),
        *(
            carry(f"multiprocessing.pool:ThreadPool.{method}", 1)
            for method in ("apply_async", "_map_async", "imap", "imap_unordered")
        ),
    ],
)
