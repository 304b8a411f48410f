"""The Meter: makes each instrument once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry import metrics as api

from clew_sdk.metrics import instruments
from clew_sdk.metrics.stream import Description
from clew_sdk.scope import Scope

if TYPE_CHECKING:
    from clew_sdk.metrics.provider import MeterProvider


Made = TypeVar("Made", bound=instruments._Synchronous)
Watched = TypeVar("Watched", bound=instruments._Observable)
Kept = TypeVar("Kept")


class Meter(api.Meter):
    def __init__(self, provider: MeterProvider, scope: Scope) -> None:
        super().__init__(scope.name, scope.version, scope.schema_url)
        self._provider, self.scope = provider, scope
        self.instruments: dict[Any, Any] = {}
        self.successor: api.Meter | None = None

    def create_counter(self, name: str, unit: str = "", description: str = "") -> api.Counter:
        return self._synchronous(instruments.Counter, (name, unit, description))

    def create_up_down_counter(self, name: str, unit: str = "", description: str = "") -> api.UpDownCounter:
        return self._synchronous(instruments.UpDownCounter, (name, unit, description))

    def create_gauge(self, name: str, unit: str = "", description: str = "") -> Any:
        return self._synchronous(instruments.Gauge, (name, unit, description))

    def create_histogram(
        self, name: str, unit: str = "", description: str = "",
        *, explicit_bucket_boundaries_advisory: Sequence[float] | None = None,
    ) -> api.Histogram:  # fmt: skip
        boundaries = explicit_bucket_boundaries_advisory
        return self._synchronous(instruments.Histogram, (name, unit, description), boundaries)

    def create_observable_counter(
        self, name: str, callbacks: Any = None, unit: str = "", description: str = ""
    ) -> api.ObservableCounter:
        return self._observable(instruments.ObservableCounter, (name, unit, description), callbacks)

    def create_observable_up_down_counter(
        self, name: str, callbacks: Any = None, unit: str = "", description: str = ""
    ) -> api.ObservableUpDownCounter:
        return self._observable(instruments.ObservableUpDownCounter, (name, unit, description), callbacks)

    def create_observable_gauge(
        self, name: str, callbacks: Any = None, unit: str = "", description: str = ""
    ) -> api.ObservableGauge:
        return self._observable(instruments.ObservableGauge, (name, unit, description), callbacks)

    def _synchronous(
        self, kind: type[Made], texts: tuple[str, str, str], boundaries: Sequence[float] | None = None
    ) -> Made:
        described, key = self._described(kind, texts, boundaries)
        found: Made | None = self.instruments.get(key)
        if found is None:
            made = kind(described, self._provider.streams(described), self._provider.measurements)
            found = self._kept(key, made)
        return found

    def _observable(self, kind: type[Watched], texts: tuple[str, str, str], callbacks: Any) -> Watched:
        """One that was created before gets the further callbacks too."""
        described, key = self._described(kind, texts)
        found: Watched | None = self.instruments.get(key)
        if found is None:
            found = self._kept(key, kind(described, self._provider.streams(described)))
        found.add_callbacks(callbacks)
        if self.successor is not None:
            succeed(found, self.successor)
        self._provider.measurements.watch()
        return found

    def _kept(self, key: Any, made: Kept) -> Kept:
        found: Kept = self.instruments.setdefault(key, made)
        if self.successor is not None and not hasattr(found, "callbacks"):
            succeed(found, self.successor)
        return found

    def _described(self, kind: Any, texts: tuple[str, str, str], boundaries: Any = None) -> tuple[Description, Any]:
        name, unit, description = (str(text) if text is not None else "" for text in texts)
        described = Description(self.scope, kind.__name__, name[:255], unit[:63], description, boundaries)
        return described, (kind.__name__, name.lower(), unit, description)

    def hand_over(self, successor: api.Meter) -> None:
        self.successor = successor
        for instrument in list(self.instruments.values()):
            succeed(instrument, successor)


def succeed(instrument: Any, meter: api.Meter) -> None:
    """Lets another provider's meter make the same instrument, which gets what this one is given from now on."""
    _, kind, name, unit, description, boundaries = instrument.described
    if instrument.successor is not None:
        return
    make: Any = getattr(meter, _CREATE[kind])
    if hasattr(instrument, "callbacks"):
        instrument.successor = make(name, instrument.callbacks, unit, description)
    elif kind == "Histogram":
        instrument.successor = histogram(meter, name, unit, description, boundaries)
    else:
        instrument.successor = make(name, unit, description)


def histogram(meter: api.Meter, name: str, unit: str, description: str, boundaries: Any) -> api.Histogram:
    """Providers of older APIs do not know about advised boundaries."""
    if boundaries is None:
        return meter.create_histogram(name, unit, description)
    try:
        return meter.create_histogram(name, unit, description, explicit_bucket_boundaries_advisory=boundaries)
    except TypeError:
        return meter.create_histogram(name, unit, description)


_CREATE = {
    "Counter": "create_counter",
    "UpDownCounter": "create_up_down_counter",
    "Gauge": "create_gauge",
    "Histogram": "create_histogram",
    "ObservableCounter": "create_observable_counter",
    "ObservableUpDownCounter": "create_observable_up_down_counter",
    "ObservableGauge": "create_observable_gauge",
}
