"""The MeterProvider: keeps streams and readers, and tells the collector at each interval."""

from __future__ import annotations

from collections.abc import Sequence
from time import time_ns
from typing import Any

from opentelemetry import metrics as api
from opentelemetry.metrics import NoOpMeter

from clew_sdk import pipeline, report, resource, settings
from clew_sdk.guests.exporters import chosen
from clew_sdk.guests.guard import ask
from clew_sdk.metrics.measurements import Measurements
from clew_sdk.metrics.meter import Meter
from clew_sdk.metrics.observing import Observer
from clew_sdk.metrics.points import Metric
from clew_sdk.metrics.readers import Reader, guest_reader, otlp_reader
from clew_sdk.metrics.stream import Description, Stream
from clew_sdk.metrics.views import Seen, streams
from clew_sdk.native import monotonic
from clew_sdk.otlp.metrics import encode
from clew_sdk.scope import Scope


class MeterProvider(api.MeterProvider):
    """Takes what opentelemetry-sdk's MeterProvider takes: its Resource, Views and MetricReaders."""

    def __init__(
        self, metric_readers: Sequence[Any] = (), resource: Any = None, exemplar_filter: Any = None,
        shutdown_on_exit: bool = True, views: Sequence[Any] = (), **later: Any,
    ) -> None:  # fmt: skip
        self._pipeline = later.pop("pipeline", None) or pipeline.default()
        self._resource = _resource(resource)
        self._views = tuple(views)
        self._seen: list[Seen] = []
        self._readers: list[Reader] = []
        self._guests: dict[int, Any] = {}
        self._meters: dict[Any, Meter] = {}
        self._successor: api.MeterProvider | None = None
        self._disabled = settings.flag("OTEL_SDK_DISABLED")
        self.measurements = Measurements(self._pipeline.worker.wake, _exemplar_filter(exemplar_filter))
        self._pipeline.notes.followers.append(self.measurements.look)
        self._observer = Observer()
        self._interval = settings.number("OTEL_METRIC_EXPORT_INTERVAL") / 1000
        self._next = monotonic() + self._interval
        exporters = chosen("metrics")
        self._outbox = self._pipeline.outboxes["metrics"] if exporters.ours else None
        if self._outbox is not None:
            self._readers.append(otlp_reader())
        for reader in (*metric_readers, *map(periodic, exporters.guests)):
            self.add_metric_reader(reader)
        self._pipeline.parts.append(self)

    @property
    def resource(self) -> Any:
        return self._resource.for_guests()

    def get_meter(
        self, name: str, version: str | None = None, schema_url: str | None = None, attributes: Any = None
    ) -> api.Meter:
        if self._successor is not None:
            return self._successor.get_meter(name, version, schema_url, attributes)
        if self._disabled:
            return NoOpMeter(name, version, schema_url)
        key = (name, version, schema_url, str(attributes) if attributes else "")
        meter = self._meters.get(key)
        if meter is None:
            scope = Scope(self._resource, name or "", version or "", schema_url or "", attributes)
            meter = self._meters.setdefault(key, Meter(self, scope))
        return meter

    def streams(self, described: Description) -> list[Stream]:
        """What the views make of a new instrument, known to all readers."""
        seen = streams(described, self._views)
        for stream, make in seen:
            for reader in self._readers:
                stream.add_reader(reader.reading(described, make))
        self._seen += seen
        return [stream for stream, _ in seen]

    def add_metric_reader(self, metric_reader: Any) -> None:
        """Attaches an opentelemetry-sdk `MetricReader`; it hears what is measured from now on."""
        reader = guest_reader(metric_reader)
        with self.measurements.adding:
            self._guests[len(self._readers)] = metric_reader
            self._readers.append(reader)
            for stream, make in self._seen:
                stream.add_reader(reader.reading(stream.described, make))
        metric_reader._set_collect_callback(self._collect_for_guest)

    def force_flush(self, timeout_millis: float = 10000) -> bool:
        return self._pipeline.flush(timeout_millis / 1000)

    def shutdown(self, timeout_millis: float = 30000) -> None:
        self._pipeline.flush(min(timeout_millis / 1000, self._pipeline.exit_budget))
        for guest in self._guests.values():
            ask(guest.shutdown)
        self._disabled = True

    def hand_over(self, to: api.MeterProvider) -> None:
        """From now on `to` measures; what was measured until now is still sent."""
        self._export()
        self._successor = to
        for key, meter in list(self._meters.items()):
            scope = meter.scope
            meter.hand_over(to.get_meter(scope.name, key[1], key[2], scope.attributes or None))
        self.measurements.handed_over = True
        self.measurements.batch = 0
        self.measurements.add_up()

    def collect(self, reader: int, seconds: float = 10.0) -> list[Metric]:
        """Asks the callbacks, adds up, and returns what one reader is to be told."""
        observed = self._observer.ask(self._observables(), seconds)  # foreign code: no lock is held meanwhile
        now = time_ns()
        if not self.measurements.adding.acquire(timeout=seconds):
            return []
        try:
            self.measurements.add_up_held()
            for instrument, observations in observed:
                for stream in instrument.streams:
                    stream.observe(reader, observations)
            return [metric for stream, _ in self._seen if (metric := stream.collect(reader, now)) is not None]
        finally:
            self.measurements.adding.release()

    def _observables(self) -> list[Any]:
        return [
            instrument
            for meter in list(self._meters.values())
            for instrument in list(meter.instruments.values())
            if hasattr(instrument, "observe") and instrument.successor is None
        ]

    def _export(self) -> None:
        if self._outbox is None or self._successor is not None:
            return
        for metric in self.collect(0):
            try:
                self._outbox.put(metric.scope, encode(metric), number=len(metric.points))
            except Exception as error:  # noqa: BLE001
                report.warn("metric", "clew: the metric %s cannot be sent (%s)", metric.name, type(error).__name__)

    def _collect_for_guest(self, reader: Any, timeout_millis: float = 10000) -> Any:
        from clew_sdk.guests.metrics import metrics_data

        for index, guest in self._guests.items():
            if guest is reader:
                return metrics_data(self.collect(index, timeout_millis / 1000))
        return None

    @property
    def quiet(self) -> bool:
        return not self._seen

    def chores(self, flush: bool) -> float:
        self.measurements.tidy()
        now = monotonic()
        if flush or now >= self._next:
            self._next = now + self._interval
            self._export()
        return self._next - now

    def flush_guests(self, deadline: float) -> bool:
        complete = True
        for guest in list(self._guests.values()):
            complete = ask(guest.force_flush, max(0.0, deadline - monotonic()) * 1000) is not False and complete
        return complete

    def follow_fork(self) -> None:
        self._resource.follow_fork()
        self.measurements.reset()
        self._observer.reset()
        self._next = monotonic() + self._interval
        for stream, _ in self._seen:
            stream.reset()


def periodic(exporter: Any) -> Any:
    """The official reader around a foreign exporter."""
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    return PeriodicExportingMetricReader(exporter)


def _resource(given: Any) -> resource.Resource:
    return resource.from_sdk(given) if given is not None else resource.default()


def _exemplar_filter(given: Any) -> str:
    """Of an opentelemetry-sdk `ExemplarFilter`, or from the environment."""
    classes = {"AlwaysOnExemplarFilter": "always_on", "AlwaysOffExemplarFilter": "always_off"}
    if given is not None:
        return classes.get(type(given).__name__, "trace_based")
    return settings.text("OTEL_METRICS_EXEMPLAR_FILTER")
