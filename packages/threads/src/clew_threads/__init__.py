"""Keeps the trace and the request ID in thread pools: what is submitted runs in the context of who submits it."""

from clew import Plugin, carry

__all__ = ["plugin"]

plugin = Plugin("concurrent.futures.thread", hooks=[carry("concurrent.futures.thread:ThreadPoolExecutor.submit", 1)])
