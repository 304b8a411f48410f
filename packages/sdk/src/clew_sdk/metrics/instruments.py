"""The instruments: they find the place of a measurement and leave it there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import GeneratorType, SimpleNamespace
from typing import Any

from opentelemetry import metrics as api
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions

from clew_sdk import report
from clew_sdk.metrics.measurements import Measurements, Target
from clew_sdk.metrics.stream import OVERFLOW, Description, Stream
from clew_sdk.otlp.values import copied, described

REMEMBERED = 4096


class _Described:
    """What views and guests ask of an instrument. `successor` is another provider's, once that is in charge."""

    described: Description
    successor: Any = None

    @property
    def name(self) -> str:
        return self.described.name

    @property
    def unit(self) -> str:
        return self.described.unit

    @property
    def description(self) -> str:
        return self.described.description

    @property
    def instrumentation_scope(self) -> Any:
        return self.described.scope.for_guests()


class _Synchronous(_Described):
    def __init__(self, described: Description, streams: Sequence[Stream], measurements: Measurements) -> None:
        self.described, self.streams, self.measurements = described, streams, measurements
        self._targets: dict[Any, Target] = {}

    def bind(self, attributes: Any = None) -> Any:
        """For one attribute set: the instrument's method without that parameter."""
        target, measurements = self.target(attributes), self.measurements

        def record(amount: float, context: Context | None = None) -> None:
            measurements.record(target, amount, context)

        return SimpleNamespace(**{METHOD[self.described.kind]: record})

    def target(self, attributes: Any) -> Target:
        """The place for an attribute set, looked up by its items in the order they came in."""
        try:
            key = (*attributes.items(), *map(type, attributes.values())) if attributes else ()
            found = self._targets.get(key)
            if found is not None:
                return found
        except Exception:  # noqa: BLE001  a list among the values cannot be looked up
            key = None
        return self._new_target(key, copied(attributes))

    def _new_target(self, key: Any, attributes: dict[str, Any]) -> Target:
        attributes = {name: _settled(value) for name, value in attributes.items()}
        series = tuple(stream.find(attributes) for stream in self.streams)
        target = Target(self, attributes, series)
        if key is not None and not any(one.attributes is OVERFLOW for one in series):
            if len(self._targets) >= REMEMBERED:
                self._targets.clear()
            target = self._targets.setdefault(key, target)
        return target

    def forward(self, amount: float, attributes: Mapping[str, Any], context: Context) -> None:
        getattr(self.successor, METHOD[self.described.kind])(amount, attributes, context)


class Counter(_Synchronous, api.Counter):
    def add(self, amount: float, attributes: Any = None, context: Context | None = None) -> None:
        self.measurements.record(self.target(attributes), amount, context)


class UpDownCounter(_Synchronous, api.UpDownCounter):
    def add(self, amount: float, attributes: Any = None, context: Context | None = None) -> None:
        self.measurements.record(self.target(attributes), amount, context)


class Histogram(_Synchronous, api.Histogram):
    def record(self, amount: float, attributes: Any = None, context: Context | None = None) -> None:
        self.measurements.record(self.target(attributes), amount, context)


class Gauge(_Synchronous, api._Gauge):
    def set(self, amount: float, attributes: Any = None, context: Context | None = None) -> None:
        self.measurements.record(self.target(attributes), amount, context)


class _Observable(_Described):
    """Asks its callbacks at each collection; one that raises spoils only its own observations."""

    def __init__(self, described: Description, streams: Sequence[Stream]) -> None:
        self.described, self.streams = described, streams
        self.callbacks: tuple[Any, ...] = ()
        self._prepared: list[Callable[[CallbackOptions], Any]] = []

    def add_callbacks(self, callbacks: Iterable[Any] | None) -> None:
        given = tuple(callbacks or ())
        self.callbacks += given
        self._prepared += [_prepared(callback) for callback in given]

    def observe(self, seconds: float) -> list[tuple[float, Mapping[str, Any]]]:
        """Runs foreign code; never raises an Exception."""
        found: list[tuple[float, Mapping[str, Any]]] = []
        options = CallbackOptions(timeout_millis=seconds * 1000)
        for callback in list(self._prepared):
            try:
                found += [(one.value, copied(one.attributes)) for one in callback(options)]
            except Exception as error:  # noqa: BLE001
                message = "clew: a callback of the instrument %s failed (%s)"
                report.warn(f"callback {self.name}", message, self.name, type(error).__name__)
        return found


class ObservableCounter(_Observable, api.ObservableCounter):
    """Counts what others count already."""


class ObservableUpDownCounter(_Observable, api.ObservableUpDownCounter):
    """A sum that goes up and down and is known only when asked for."""


class ObservableGauge(_Observable, api.ObservableGauge):
    """A value that is known only when asked for."""


def _prepared(callback: Any) -> Callable[[CallbackOptions], Any]:
    """A callback may be a generator, which is sent the options."""
    if not isinstance(callback, GeneratorType):
        return callback  # type: ignore[no-any-return]
    next(callback, None)

    def send(options: CallbackOptions) -> Any:
        try:
            return callback.send(options)
        except StopIteration:
            return ()

    return send


def _settled(value: Any) -> Any:
    """Of a type that stays as it is and prints without surprises, so that attribute sets can be told apart."""
    if value.__class__ in _PLAIN:
        return value
    if isinstance(value, (list, tuple)):  # of values that are no lists: there may be no end to those
        kind: Any = list if isinstance(value, list) else tuple
        return tuple(one if one.__class__ in _PLAIN else described(one) for one in kind.__getitem__(value, slice(64)))
    return described(value)


_PLAIN = frozenset({str, int, bool, float, bytes, type(None)})
METHOD = {"Counter": "add", "UpDownCounter": "add", "Histogram": "record", "Gauge": "set"}
