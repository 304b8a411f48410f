"""Brings one signal's records from its outbox to the collector: batches, retries, halves what is too large."""

from __future__ import annotations

from collections import deque

from clew_sdk import report, retry
from clew_sdk.deadline import FOREVER, Deadline, Hurry
from clew_sdk.native import monotonic, sleep
from clew_sdk.otlp.request import export_request
from clew_sdk.outbox import NEVER, RING, Outbox, Parcel
from clew_sdk.transport import Outcome, Transport


class Batch:
    """Records on their way, with what is known of the attempts so far."""

    __slots__ = ("attempts", "body", "give_up", "not_before", "number", "parcels", "told")

    def __init__(self, parcels: list[Parcel]) -> None:
        self.parcels = parcels
        self.number = sum(some.number for some in parcels)
        self.body = export_request(parcels)
        self.attempts = 0
        self.not_before = 0.0
        self.give_up = 0.0
        self.told = False  # the server named the time of the next attempt


class Channel:
    """Used by the worker, or by the thread that flushes when there can be no worker; never by two at a time."""

    def __init__(self, outbox: Outbox, transport: Transport) -> None:
        self.outbox, self.transport = outbox, transport
        self._waiting: deque[Batch] = deque()
        self._refused = 0  # that people were told of
        self.hurry = Hurry()

    @property
    def empty(self) -> bool:
        return not self._waiting and not self.outbox.items

    def work(self, deadline: float, flush: bool = False) -> bool:
        """Sends what is there now; False if some of it is still there at the deadline.

        A flush waits for the time of a retry. When that comes too late and only we chose it, it tries at once.
        """
        outbox = self.outbox
        if outbox.refused > self._refused:
            self._refused = outbox.refused
            report.warn(f"full {outbox.signal}", "clew: %d %s found the queue full", self._refused, outbox.records)
        goal = outbox.settled + outbox.in_flight + outbox.waiting
        while outbox.settled < goal and monotonic() < min(deadline, self.hurry.by):
            batch = self._next()
            if batch is None:
                break
            pause = batch.not_before - monotonic()
            if pause > 0:
                if not flush or (batch.told and batch.not_before > deadline):
                    break
                if batch.not_before <= deadline:
                    sleep(pause)
            self._try(batch, deadline)
            if pause > 0 and batch.not_before > deadline:
                break
        return outbox.settled >= goal

    @property
    def failing(self) -> bool:
        return bool(self._waiting and self._waiting[0].attempts)

    def due(self, idle: float) -> float:
        """Seconds until there is something to do, at most `idle`."""
        if not self._waiting:
            return idle
        return min(idle, max(0.0, self._waiting[0].not_before - monotonic()))

    def listen(self, busy: bool) -> None:
        """Says when the outbox is to ring: at the first record, or when a batch is full; not while one is failing."""
        self.outbox.ring_at = NEVER if self._waiting else RING + self.outbox.level if busy else 0

    def reset(self) -> None:
        self.hurry.by = FOREVER
        self._waiting.clear()
        self._refused = 0
        self.outbox.reset()
        self.transport.close()

    def _next(self) -> Batch | None:
        if not self._waiting:
            parcels = self.outbox.take()
            if not parcels:
                return None
            self._waiting.append(Batch(parcels))
        return self._waiting[0]

    def _try(self, batch: Batch, deadline: float) -> None:
        batch.attempts += 1
        outcome = self.transport.send(batch.body, Deadline(deadline, self.hurry))
        if not outcome.failure:
            self._arrived(batch, outcome.rejected)
        elif outcome.failure == "413" and sum(len(some.records) for some in batch.parcels) > 1:
            self._halve(batch)
        elif outcome.again and self._later(batch, outcome):
            report.warn(
                f"retry {self.outbox.signal}",
                "clew: the collector does not take %s (%s); trying again, nothing is lost yet",
                self.outbox.records,
                outcome.failure,
            )
        else:
            self._lost(batch, outcome.failure)

    def _arrived(self, batch: Batch, rejected: int) -> None:
        self._waiting.popleft()
        rejected = max(0, min(rejected, batch.number))
        self.outbox.settle(delivered=batch.number - rejected, dropped=rejected, reason="rejected")
        if rejected:
            report.warn(
                f"rejected {self.outbox.signal}", "clew: the collector rejected %d %s", rejected, self.outbox.records
            )

    def _halve(self, batch: Batch) -> None:
        self._waiting.popleft()
        single = [one for some in batch.parcels for one in some.singles()]
        middle = len(single) // 2
        self._waiting.appendleft(Batch(single[middle:]))
        self._waiting.appendleft(Batch(single[:middle]))

    def _later(self, batch: Batch, outcome: Outcome) -> bool:
        """Names the time of the next attempt; False when there have been enough."""
        now = monotonic()
        batch.give_up = batch.give_up or now + retry.GIVE_UP
        wait = retry.wait(batch.attempts - 1) if outcome.wait is None else outcome.wait
        batch.told = outcome.wait is not None
        batch.not_before = now + wait
        return batch.not_before <= batch.give_up

    def _lost(self, batch: Batch, reason: str) -> None:
        self._waiting.popleft()
        self.outbox.settle(dropped=batch.number, reason=reason)
        report.warn(
            f"lost {self.outbox.signal} {reason}",
            "clew: the collector refused %d %s (%s); they are dropped",
            batch.number,
            self.outbox.records,
            reason,
        )
