"""Threads that no signal is delivered to."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from clew_sdk import native

#: What a thread does to itself stays its own, so that a crash is told of.
_ITS_OWN = {"SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP"}
_FROM_OTHERS = {number for number in signal.valid_signals() if getattr(number, "name", "") not in _ITS_OWN}


def start_deaf(function: Callable[..., object], *args: Any) -> None:
    """Starts a thread. A signal to the process then interrupts a thread of the application, which may wait for nothing
    else: uWSGI's handler would deadlock in a thread of ours, and a server in C or Rust would sleep on.

    The mask is inherited: the new thread may not come to run for long. Raises RuntimeError when there can be no thread.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        native.start_new_thread(function, args)
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, _FROM_OTHERS)
        native.start_new_thread(function, args)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
