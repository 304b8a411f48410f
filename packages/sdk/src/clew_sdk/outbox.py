"""What waits to be sent, per signal: bounded in bytes, filled without a lock, counted to the last record."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import NamedTuple

from clew_sdk.otlp.request import field
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


class Parcel(NamedTuple):
    """Records of one scope, each as a field of an export request; what they weigh in bytes; for how many they count.

    A span or a log record counts for one, a metric for its data points.
    """

    scope: Scope
    records: Sequence[bytes]
    size: int
    number: int

    def singles(self) -> list[Parcel]:
        """Each record alone."""
        if len(self.records) == 1:
            return [self]
        return [parcel(self.scope, (record,)) for record in self.records]


def parcel(scope: Scope, records: Sequence[bytes]) -> Parcel:
    return Parcel(scope, records, sum(map(len, records)) + ITEM * len(records), len(records))


class Outbox:
    """A queue that any thread fills and one drains.

    `level` is what the bytes in it are thought to be: threads may lose each other's additions, and the draining one
    puts it right whenever it finds the queue empty. A full queue refuses the newest records and counts them.
    """

    def __init__(self, signal: str, capacity: int, wake: Callable[[], None]) -> None:
        self.signal, self._capacity, self._wake = signal, capacity, wake
        self.batch_items = BATCH_ITEMS
        self.records = {"traces": "spans", "logs": "log records", "metrics": "data points"}[signal]
        self._room = capacity - capacity // RESERVE
        self.reset()

    def reset(self) -> None:
        """Empty and with a new ledger, as a forked child needs it."""
        self.items: deque[Parcel] = deque()
        self.level = 0
        self.ring_at = 0
        self._refused = count()  # next() on it is one step, also for threads without a GIL
        self.in_flight = self.delivered = self.settled = 0
        self.closed = False
        self.dropped: dict[str, int] = {}

    def put(self, scope: Scope, record: bytes, urgent: bool = False, number: int = 1) -> None:
        """Queues a record. `urgent` ones, errors, may use the reserve."""
        one = field(record)
        self.put_all(Parcel(scope, (one,), len(one) + ITEM, number), urgent)

    def put_all(self, some: Parcel, urgent: bool = False) -> None:
        level = self.level + some.size
        if level > self._room and not (urgent and level <= self._capacity):
            for _ in range(some.number):
                next(self._refused)
            return
        self.level = level
        self.items.append(some)
        if level > self.ring_at:
            self.ring_at = NEVER
            self._wake()

    def take(self) -> list[Parcel]:
        """The oldest records, at most one batch; from now on they count as in flight."""
        batch: list[Parcel] = []
        items, number, size = self.items, 0, 0
        while items and number < self.batch_items and size < BATCH_BYTES:
            some = items[0]
            if batch and size + some.size > BATCH_BYTES:
                break
            items.popleft()
            room = self.batch_items - number
            if len(some.records) > room:
                items.appendleft(parcel(some.scope, some.records[room:]))
                some = parcel(some.scope, some.records[:room])
            batch.append(some)
            number += some.number
            self.in_flight += some.number
            size += some.size
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
    def waiting(self) -> int:
        """How many records nobody has taken yet."""
        return sum(some.number for some in list(self.items))

    @property
    def refused(self) -> int:
        """How many records found the queue full; read off the counter's print, which does not count."""
        return int(repr(self._refused)[6:-1])

    def account(self) -> Account:
        """What the program's exit finds unsent is dropped, unless the worker still gets it through."""
        dropped = dict(self.dropped)
        queued = self.waiting + self.in_flight
        refused = self.refused
        if refused:
            dropped["queue_full"] = refused
        if self.closed and queued:
            dropped["exit"], queued = queued, 0
        return Account(self.delivered, dropped, queued)
