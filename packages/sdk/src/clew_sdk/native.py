"""The operating system's own threads, locks, sockets and clocks, also where gevent or eventlet has replaced them.

The worker must go on while every greenlet of the application waits for it, so it is a real thread on real sockets.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def original(module: str, name: str) -> Any:
    """The attribute as it was before monkey-patching, whoever came first."""
    # Either may be half imported: what it imports itself can be what starts us. Then it has not patched anything.
    gevent = getattr(sys.modules.get("gevent.monkey"), "get_original", None)
    if gevent is not None:
        return gevent(module, name)
    eventlet = getattr(sys.modules.get("eventlet.patcher"), "original", None)
    if eventlet is not None:
        return getattr(eventlet(module), name)
    return getattr(__import__(module), name)


allocate_lock: Callable[[], Any] = original("_thread", "allocate_lock")
start_new_thread: Callable[..., int] = original("_thread", "start_new_thread")
get_ident: Callable[[], int] = original("_thread", "get_ident")
time_ns: Callable[[], int] = original("time", "time_ns")
monotonic: Callable[[], float] = original("time", "monotonic")
sleep: Callable[[float], None] = original("time", "sleep")
SimpleQueue: Callable[[], Any] = original("_queue", "SimpleQueue")  # in C: put() may interrupt put()
