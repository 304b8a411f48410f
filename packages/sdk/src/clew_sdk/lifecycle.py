"""The ends and beginnings of a process: exit, SIGTERM, fork, and the children of multiprocessing and billiard."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

from clew_sdk import uwsgi

if TYPE_CHECKING:
    from clew_sdk.pipeline import Pipeline

CHILD_BUDGET = 2.0  # seconds for a multiprocessing child, which nobody expects to linger
_UTILS = ("multiprocessing.util", "billiard.util")
_registered: set[str] = set()


def follow(pipeline: Pipeline) -> None:
    """From now on nothing of the pipeline is lost or doubled when the process ends or forks."""
    atexit.register(pipeline.exit)
    flush_on_sigterm(pipeline)
    if hasattr(os, "register_at_fork"):
        begun_in = [os.getpid()]
        os.register_at_fork(after_in_child=lambda: _in_child(pipeline, begun_in))
        uwsgi.after_fork(lambda: _in_child(pipeline, begun_in))
    if getattr(sys.modules.get("multiprocessing.process"), "parent_process", lambda: None)() is not None:
        _flush_at_child_exit(pipeline)
        for name in _UTILS:
            _finalize(sys.modules.get(name), pipeline)


def flush_on_sigterm(pipeline: Pipeline) -> None:
    """Only where SIGTERM would kill the process at once: a handler of anybody else's stays as it is."""
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return

    def last_words(number: int, frame: FrameType | None) -> None:
        """Ends the process the way it would have ended without us: killed by the signal."""
        try:
            pipeline.exit()
        finally:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, last_words)


def _in_child(pipeline: Pipeline, begun_in: list[int]) -> None:
    if begun_in == [os.getpid()]:  # it has been told already
        return
    begun_in[:] = [os.getpid()]
    pipeline.follow_fork()
    _flush_at_child_exit(pipeline)
    _flush_at_worker_exit(pipeline)


def _flush_at_child_exit(pipeline: Pipeline) -> None:
    """Children of multiprocessing leave by os._exit, which runs their library's finalizers but not atexit's functions.

    Those libraries forget all finalizers when a child begins and then call what was registered for after the fork.
    """
    for name in _UTILS:
        util = sys.modules.get(name)
        if util is not None and name not in _registered:
            _registered.add(name)
            util.register_after_fork(pipeline, lambda kept, util=util: _finalize(util, kept))


def _flush_at_worker_exit(pipeline: Pipeline) -> None:
    """The pool of billiard, and so Celery's, ends its processes by os._exit before any finalizer runs."""
    worker = getattr(sys.modules.get("billiard.pool"), "Worker", None)
    leave = getattr(worker, "_do_exit", None)
    if leave is None or leave.__module__ == __name__:
        return

    def flush_and_leave(*args: Any, **kwargs: Any) -> Any:
        pipeline.exit(CHILD_BUDGET)
        return leave(*args, **kwargs)

    worker._do_exit = flush_and_leave  # type: ignore[union-attr]


def _finalize(util: Any, pipeline: Pipeline) -> None:
    if util is not None:
        util.Finalize(None, pipeline.exit, args=(CHILD_BUDGET,), exitpriority=-100)
