"""No signal is delivered to a thread of ours, from its very beginning on."""

import queue
import signal

import pytest

from clew_sdk.deaf import start_deaf

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no such masks")


def mask() -> "set[int]":
    return {int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())}


def test_a_thread_of_ours_has_all_signals_blocked_but_its_own_crashes() -> None:
    before, masks = mask(), queue.SimpleQueue[set[int]]()
    start_deaf(lambda: masks.put(mask()))
    inside = masks.get(timeout=30)
    assert {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD} <= inside
    assert not {signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE} & inside
    assert mask() == before
