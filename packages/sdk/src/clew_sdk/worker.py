"""The one thread that sends: started by the first record, woken by the outboxes, the same for all signals."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from clew_sdk import native, report
from clew_sdk.channel import Channel
from clew_sdk.context import attach, suppressed
from clew_sdk.deadline import FOREVER
from clew_sdk.deaf import start_deaf
from clew_sdk.native import monotonic

IDLE = 5.0
ROUND = 3600.0  # no deadline but the attempts' own
ENOUGH = 0.5  # seconds that an endpoint needs which is neither hung nor slow


class Flush:
    """A request to send everything now; `done` is released afterwards."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.done = native.allocate_lock()
        self.done.acquire()
        self.complete = False


class Worker:
    """`chores` are done before each round, on the worker's thread: folding measurements, collecting metrics.

    They get True when a flush wants them done whatever the time, and return the seconds until they are due again.
    """

    def __init__(self, channels: Sequence[Channel], chores: Callable[[bool], float], delay: float = 1.0) -> None:
        self.channels, self._chores = channels, chores
        self.listeners: Sequence[Any] = channels  # are told whether the worker comes again soon
        self._delay = delay  # seconds between rounds while there is work
        self.reset()

    def reset(self) -> None:
        """In a forked child no thread but the forking one is left."""
        self.restarts = 0
        self.exit_by = 0.0  # the deadline of the program's exit, once that has begun
        self._running = False
        self._thread = 0
        self._idle = True
        self._bell = native.SimpleQueue()
        self._turn = native.allocate_lock()
        self._starting = native.allocate_lock()

    def wake(self) -> None:
        """Called by an outbox, perhaps in a signal handler or a finaliser: never blocks before the program's exit."""
        if self.exit_by:
            if self._thread != native.get_ident():
                self.flush(self.exit_by)
        elif self._running:
            self._bell.put(None)
        elif not self._start():
            for listener in self.listeners:
                listener.listen(busy=True)

    def flush(self, deadline: float) -> bool:
        """Sends everything that was recorded before; False when that took longer than the deadline allows."""
        request = Flush(deadline)
        if not sys.is_finalizing() and (self._running or self._start()):
            self._interrupt(deadline)
            self._bell.put(request)
            request.done.acquire(timeout=max(0.0, deadline - monotonic()))
        elif self._turn.acquire(timeout=max(0.0, deadline - monotonic())):
            try:
                self._answer(request)  # here and now: the interpreter runs no other thread any more
            finally:
                self._turn.release()
        return request.complete

    def _interrupt(self, deadline: float) -> None:
        """An attempt that hangs may take a part of a flush's time, like each signal, but not all of it."""
        by = max(_share(deadline, len(self.channels)), monotonic() + ENOUGH)
        for channel in self.channels:
            channel.hurry.by = by

    def close(self, exit_by: float) -> None:
        """From now on every record is sent at once, by who records it, as long as the program's exit may last."""
        self.exit_by = exit_by
        self._hear(busy=False)

    def _start(self) -> bool:
        if not self._starting.acquire(False):
            return True  # another thread is at it, or this one before a signal
        try:
            if not self._running:
                start_deaf(self._live, self._bell)
                self._running = True
                self._bell.put(None)
        except RuntimeError:
            return False
        finally:
            self._starting.release()
        return True

    def _live(self, bell: Any) -> None:
        """Goes on whatever is raised in it: exporters have raised SystemExit and GreenletExit."""
        self._thread = native.get_ident()
        attach(suppressed())
        wait = IDLE
        while bell is self._bell:
            try:
                request, rung = _listen(bell, wait)
                with self._turn:
                    wait = self._round(request, rung)
            except BaseException as error:  # noqa: BLE001
                self.restarts += 1
                report.warn("worker", "clew: the worker failed (%s) and goes on", type(error).__name__)
                wait = self._delay

    def _round(self, request: Flush | None, rung: bool) -> float:
        """Returns the seconds until the next one."""
        if request is not None:
            self._answer(request)
            return IDLE
        if self._idle and rung:
            self._hear(busy=True)  # the first record after a pause: the others of its request are about to follow
            return self._delay
        due = self._chores(False)
        busy = any(not listener.empty for listener in self.listeners)
        for channel in self.channels:
            channel.work(monotonic() + ROUND)
            due = channel.due(due)
        self._hear(busy)
        return max(0.01, min(due, self._delay if busy else IDLE))

    def _hear(self, busy: bool) -> None:
        busy = busy and not self.exit_by
        self._idle = not busy
        for listener in self.listeners:
            listener.listen(busy)

    def _answer(self, request: Flush) -> None:
        """Sends in turn whatever signal has something to send; one that is failing comes last."""
        for channel in self.channels:
            channel.hurry.by = FOREVER
        try:
            self._chores(True)
            complete, full = True, [channel for channel in self.channels if not channel.empty]
            full.sort(key=lambda channel: channel.failing)
            for others, channel in zip(range(len(full) - 1, -1, -1), full, strict=True):
                complete = channel.work(_share(request.deadline, others), flush=True) and complete
            request.complete = complete
        finally:
            self._hear(busy=False)
            request.done.release()


def _share(deadline: float, others: int) -> float:
    """Until when a signal may send: a slow endpoint gets all that a hung one must leave to the others."""
    now = monotonic()
    left = deadline - now
    return now + max(left / (others + 1), left - others * ENOUGH)


def _listen(bell: Any, wait: float) -> tuple[Flush | None, bool]:
    """Waits for the bell; a flush comes before mere calls to wake up."""
    try:
        request = bell.get(True, wait)
    except Exception:  # noqa: BLE001  _queue.Empty, which is not the same class in every Python
        return None, False
    try:
        while request is None:
            request = bell.get(False)
    except Exception:  # noqa: BLE001, S110
        pass
    return request, True
