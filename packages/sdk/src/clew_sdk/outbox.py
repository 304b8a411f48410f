"""What waits to be sent, per signal: bounded in bytes, filled without a lock, counted to the last record."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count
from typing import NamedTuple

from clew_sdk.scope import Scope

ITEM = 96  # bytes of Python around a record's own
BATCH_BYTES = 1 << 20
BATCH_ITEMS = 512
RING = 128 << 10  # bytes, about 512 spans
RESERVE = 10  # one part of so many is kept for errors
NEVER = 1 << 62


class Account(NamedTuple):
    """One signal's ledger: created = delivered + dropped + queued, always."""

    delivered: int
    dropped: dict[str, int]
    queued: int

    @property
    def created(self) -> int:
        return self.delivered + sum(self.dropped.values()) + self.queued


class Outbox:
    """A queue that any thread fills and one drains.

    `level` is what the bytes in it are thought to be: threads may lose each other's additions, and the draining one
    puts it right whenever it finds the queue empty. A full queue refuses the newest record and counts it.
    """

    def __init__(self, signal: str, capacity: int, wake: Callable[[], None]) -> None:
        self.signal, self._capacity, self._wake = signal, capacity, wake
        self.batch_items = BATCH_ITEMS
        self.records = {"traces": "spans", "logs": "log records"}.get(signal, signal)
        self._room = capacity - capacity // RESERVE
        self.reset()

    def reset(self) -> None:
        """Empty and with a new ledger, as a forked child needs it."""
        self.items: deque[tuple[Scope, bytes]] = deque()
        self.level = 0
        self.ring_at = 0
        self._refused = count()  # next() on it is one step, also for threads without a GIL
        self.in_flight = self.delivered = self.settled = 0
        self.closed = False
        self.dropped: dict[str, int] = {}

    def put(self, scope: Scope, record: bytes, urgent: bool = False) -> None:
        """Queues a record. `urgent` ones, errors, may use the reserve."""
        level = self.level + len(record) + ITEM
        if level > self._room and not (urgent and level <= self._capacity):
            next(self._refused)
            return
        self.level = level
        self.items.append((scope, record))
        if level > self.ring_at:
            self.ring_at = NEVER
            self._wake()

    def take(self) -> list[tuple[Scope, bytes]]:
        """The oldest records, at most one batch; from now on they count as in flight."""
        batch: list[tuple[Scope, bytes]] = []
        items, size = self.items, 0
        while items and len(batch) < self.batch_items and size < BATCH_BYTES:
            item = items[0]
            if batch and size + len(item[1]) > BATCH_BYTES:
                break
            batch.append(items.popleft())
            self.in_flight += 1
            size += len(item[1]) + ITEM
        self.level = self.level - size if items else 0
        return batch

    def settle(self, delivered: int = 0, dropped: int = 0, reason: str = "") -> None:
        """Records that were in flight have arrived or are lost."""
        self.in_flight -= delivered + dropped
        self.settled += delivered + dropped
        self.delivered += delivered
        if dropped:
            self.dropped[reason] = self.dropped.get(reason, 0) + dropped

    @property
    def refused(self) -> int:
        """How many records found the queue full; read off the counter's print, which does not count."""
        return int(repr(self._refused)[6:-1])

    def account(self) -> Account:
        """What the program's exit finds unsent is dropped, unless the worker still gets it through."""
        dropped = dict(self.dropped)
        queued = len(self.items) + self.in_flight
        refused = self.refused
        if refused:
            dropped["queue_full"] = refused
        if self.closed and queued:
            dropped["exit"], queued = queued, 0
        return Account(self.delivered, dropped, queued)
