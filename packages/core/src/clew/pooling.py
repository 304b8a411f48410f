"""A hook for pools of connections: how long a connection is waited for, how many wait, and how full the pool is."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial, wraps
from time import perf_counter
from typing import Any

from opentelemetry.metrics import CallbackOptions, Observation

from clew.conventions import db_pool
from clew.conventions.db_pool import Pool
from clew.hooks import Hook
from clew.operation import Attributes
from clew.places import Function, Switch, Undo, replace
from clew.shells import is_coroutine
from clew.telemetry import Telemetry

Read = Callable[[Any], "Pool | None"]
Held = Callable[[Any], Any]


def pooled(
    target: str, read_pool: Read, *, held: Held | None = None, waits: bool = True, optional: bool = False
) -> Hook:
    """Watches `target` ("module:Class.method"), which hands out the connections of a pool.

    `read_pool` tells of the object whose method it is how its pool is now, also on another thread and much later; None
    for one that keeps no connections. `held` finds, for an object that takes no weak reference, one that does and lives
    as long; that is what `read_pool` is then asked of. None for an object that is no pool yet. `waits` is false where
    nobody waits for a connection: such a pool opens one more, or refuses.
    """

    def hook(telemetry: Telemetry) -> Undo:
        watch, switch = _watch(telemetry), Switch()

        def make(function: Function) -> Function:
            if function in _watched:  # by another name of the same class
                return function
            begin = partial(watch.begin if waits else watch.note_down, read_pool, held)
            watched = (_coroutine if is_coroutine(function) else _call)(watch, begin, switch, function)
            if telemetry.choice is not None:
                watched = telemetry.choice.only(function, watched)
            _watched.add(watched)
            return watched

        undo_patch = replace(target, make, switch.off, watch.failed, optional)

        def undo() -> None:
            undo_patch()
            watch.handing_out.clear()

        return undo

    return hook


_watched: weakref.WeakSet[Function] = weakref.WeakSet()


class _HandingOut:
    """An object that hands out connections, held weakly, and who waits for one."""

    def __init__(self, subject: Any, read_pool: Read, gone: Callable[[Any], None]) -> None:
        self._subject, self._read_pool = weakref.ref(subject, gone), read_pool
        self._name = ""
        self.waiting: deque[None] = deque()  # its length is a number that threads may change at the same time

    def pool(self) -> Pool | None:
        subject = self._subject()
        pool = None if subject is None else self._read_pool(subject)
        if pool is None:
            return None
        self._name = pool.name or self._name
        return pool._replace(name=self._name) if self._name else None

    @property
    def name(self) -> str:
        """Empty for what is no pool, or has never had a connection that tells."""
        return self._name or (self.pool() and self._name) or ""


class _Watch:
    """The pools of one plugin and their instruments, which are made once: OpenTelemetry cannot take them back."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.handing_out: dict[int, _HandingOut] = {}
        self.failed = telemetry.guard.failed
        meter, wait = telemetry.meter, db_pool.WAIT
        self._wait = meter.create_histogram(
            wait.name, "s", wait.description, explicit_bucket_boundaries_advisory=wait.boundaries
        )
        for metric, read in ((db_pool.COUNT, self._count), (db_pool.LIMIT, self._limit), (db_pool.PENDING, self._pend)):
            meter.create_observable_up_down_counter(metric.name, [self._observe(read)], metric.unit, metric.description)

    def begin(self, read_pool: Read, held: Held | None, subject: Any) -> tuple[_HandingOut, float] | None:
        found = self._known(read_pool, held, subject)
        if found is None:
            return None
        found.waiting.append(None)
        return found, perf_counter()

    def note_down(self, read_pool: Read, held: Held | None, subject: Any) -> None:
        """Instead of `begin`, where nobody waits."""
        self._known(read_pool, held, subject)

    def _known(self, read_pool: Read, held: Held | None, subject: Any) -> _HandingOut | None:
        try:
            if held is not None:
                subject = held(subject)
                if subject is None:
                    return None
            key = id(subject)
            found = self.handing_out.get(key)
            if found is None:

                def gone(reference: object) -> None:
                    self.handing_out.pop(key, None)

                found = self.handing_out[key] = _HandingOut(subject, read_pool, gone)
            return found
        except Exception as error:  # noqa: BLE001
            self.failed(error, "pool")
            return None

    def end(self, wait: tuple[_HandingOut, float] | None, got: bool) -> None:
        if wait is None:
            return
        try:
            found, began = wait
            found.waiting.pop()
            name = found.name if got else ""
            if name:
                self._wait.record(perf_counter() - began, db_pool.named(name))
        except Exception as error:  # noqa: BLE001
            self.failed(error, "pool")

    def _observe(self, read: Callable[[], Iterable[tuple[int, Attributes]]]) -> Any:
        def observe(options: CallbackOptions) -> Iterable[Observation]:
            total: dict[tuple[Any, ...], int] = {}
            try:
                for amount, attributes in read():
                    key = tuple(attributes.items())
                    total[key] = total.get(key, 0) + amount  # pools of one name are one pool
            except Exception as error:  # noqa: BLE001
                self.failed(error, "pool")
            return [Observation(amount, dict(key)) for key, amount in total.items()]

        return observe

    def _pools(self) -> Iterable[Pool]:
        pools = {}
        for key, each in list(self.handing_out.items()):
            pool = each.pool()
            if pool is not None:
                pools[key if pool.identity is None else pool.identity] = pool
        return pools.values()

    def _count(self) -> Iterator[tuple[int, Attributes]]:
        for pool in self._pools():
            yield pool.used, db_pool.in_state(pool.name, "used")
            yield pool.idle, db_pool.in_state(pool.name, "idle")

    def _limit(self) -> Iterator[tuple[int, Attributes]]:
        for pool in self._pools():
            if pool.limit is not None:
                yield pool.limit, db_pool.named(pool.name)

    def _pend(self) -> Iterator[tuple[int, Attributes]]:
        for each in list(self.handing_out.values()):
            if each.name:
                yield len(each.waiting), db_pool.named(each.name)


_watches: dict[tuple[str, int], _Watch] = {}


def _watch(telemetry: Telemetry) -> _Watch:
    key = telemetry.plugin, id(telemetry.chosen.meter_provider) if telemetry.chosen else id(None)
    found = _watches.get(key)
    if found is None:
        found = _watches[key] = _Watch(telemetry)
    return found


Begin = Callable[[Any], "tuple[_HandingOut, float] | None"]


def _call(watch: _Watch, begin: Begin, switch: Switch, function: Function) -> Function:
    @wraps(function)
    def watched(subject: Any, *args: Any, **kwargs: Any) -> Any:
        if not switch.on:
            return function(subject, *args, **kwargs)
        wait = begin(subject)
        try:
            connection = function(subject, *args, **kwargs)
        except BaseException:
            watch.end(wait, False)
            raise
        watch.end(wait, True)
        return connection

    return watched


def _coroutine(watch: _Watch, begin: Begin, switch: Switch, function: Function) -> Function:
    @wraps(function)
    async def watched(subject: Any, *args: Any, **kwargs: Any) -> Any:
        if not switch.on:
            return await function(subject, *args, **kwargs)
        wait = begin(subject)
        try:
            connection = await function(subject, *args, **kwargs)
        except BaseException:
            watch.end(wait, False)
            raise
        watch.end(wait, True)
        return connection

    return watched
