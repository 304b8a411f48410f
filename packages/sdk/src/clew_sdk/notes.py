"""Notes of calls that have ended, until they are written out: many at a time, on whichever thread has the time."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from clew_sdk import clock, native, report
from clew_sdk.outbox import parcel

BATCH = 64  # written out in one go: 0.3 ms of one call, and a fraction of the cost of writing each out in its own
CROWDED = 32 * BATCH
PATIENCE = 1.0  # seconds: a thread that is at it needs far less, even on a busy machine

#: What a call has left. Its first item writes it out: it gets the note, and the parcels that spans are put into.
Note = tuple[Any, ...]
#: Spans by the tracer that made them, each as a field of an export request.
Parcels = dict[Any, list[bytes]]


class Notes:
    """Any thread appends to `pending` without a lock; one at a time writes out, and nobody waits for it.

    `batch` is how many may wait. It is 0 while the worker sleeps, so that the first note wakes it, and at the program's
    end.
    """

    def __init__(self) -> None:
        #: Called when a batch was written out.
        self.followers: list[Callable[[], None]] = []
        self.reset()

    def reset(self) -> None:
        self.batch, self._most = 0, BATCH
        self.pending: deque[Note] = deque()
        self.empty = True  # whether there were none since the worker was here
        self._writing = native.allocate_lock()
        self._writer = 0  # the thread that is at it

    def write_out(self, wait: float = 0.0) -> None:
        """Writes out what waits now, unless another thread, or this one before a signal, is at it.

        A flush, which must leave nothing behind, waits some seconds for the other thread.
        """
        patient = wait > 0 and self._writer != native.get_ident()
        if self._writing.acquire(patient, wait if patient else -1):
            self._writer = native.get_ident()
            try:
                clock.follow()
                self._write_out(len(self.pending))
                self.batch = self._most  # the worker is on its way
            finally:
                self._writer = 0
                self._writing.release()
        elif len(self.pending) > CROWDED:  # the one who is at it cannot keep up with all the others
            self._write_out(1)

    def listen(self, busy: bool) -> None:
        """The worker has been here, and comes again soon if it is busy."""
        self.batch = self._most if busy else 0
        self.empty = True

    def close(self) -> None:
        """From now on nothing waits."""
        self.batch = self._most = 0
        self.write_out(PATIENCE)

    def _write_out(self, most: int) -> None:
        parcels: Parcels = defaultdict(list)
        for _ in range(most):
            try:
                note = self.pending.popleft()
            except IndexError:
                break
            self.empty = False
            try:
                note[0](note, parcels)
            except Exception as error:  # noqa: BLE001  what the conventions get wrong is their guard's; this is ours
                report.warn("note", "clew: a span or log record could not be written out (%s)", type(error).__name__)
        for tracer, records in parcels.items():
            tracer.outbox.put_all(parcel(tracer.scope, records))
        for follow in self.followers:
            follow()
