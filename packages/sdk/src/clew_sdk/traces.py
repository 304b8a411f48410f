"""The TracerProvider."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import NoOpTracer
from opentelemetry.trace import Tracer as ApiTracer
from opentelemetry.trace import TracerProvider as ApiTracerProvider

from clew_sdk import limits, pipeline, report, resource, sampling, settings
from clew_sdk.guests.entry_points import load
from clew_sdk.guests.exporters import chosen
from clew_sdk.guests.spans import SpanGuests, batching
from clew_sdk.native import monotonic
from clew_sdk.otlp.spans import SpanEncoder
from clew_sdk.scope import Scope
from clew_sdk.tracer import Tracer


class TracerProvider(ApiTracerProvider):
    """Makes tracers whose spans go to the pipeline and to the guests.

    Takes what opentelemetry-sdk's TracerProvider takes: its Resource, Sampler, IdGenerator, SpanLimits and processors.
    """

    def __init__(
        self, sampler: Any = None, resource: Any = None, shutdown_on_exit: bool = True,
        active_span_processor: Any = None, id_generator: Any = None, span_limits: Any = None, **later: Any,
    ) -> None:  # fmt: skip
        self._pipeline = later.pop("pipeline", None) or pipeline.default()
        self._resource = _resource(resource)
        self.sampler = sampler
        self.sample = sampling.adapt(sampler) if sampler is not None else sampling.from_environment()
        self.id_generator = self.foreign_ids = id_generator or _named_generator()
        self.limits = limits.from_sdk(span_limits) if span_limits is not None else limits.span_limits()
        self.encoder = SpanEncoder(self.limits)
        self.notes = self._pipeline.notes
        exporters = chosen("traces")
        self.outbox = self._pipeline.outboxes["traces"] if exporters.ours else None
        self.guests = SpanGuests(self._resource)
        for exporter in exporters.guests:
            self.guests.add(batching(exporter))
        if active_span_processor is not None:
            self.guests.add(active_span_processor)
        self._disabled = settings.flag("OTEL_SDK_DISABLED")
        self._tracers: dict[tuple[str, str | None, str | None, str], Tracer] = {}
        self._successor: ApiTracerProvider | None = None
        self._pipeline.parts.append(self)

    @property
    def resource(self) -> Any:
        return self._resource.for_guests()

    def get_tracer(
        self, instrumenting_module_name: str, instrumenting_library_version: str | None = None,
        schema_url: str | None = None, attributes: Any = None,
    ) -> ApiTracer:  # fmt: skip
        asked = (instrumenting_module_name, instrumenting_library_version, schema_url)
        if self._successor is not None:
            return self._successor.get_tracer(*asked, attributes)
        if self._disabled:
            return NoOpTracer()
        key = (*asked, str(attributes) if attributes else "")
        tracer = self._tracers.get(key)
        if tracer is None:
            name, version = instrumenting_module_name or "", instrumenting_library_version or ""
            scope = Scope(self._resource, name, version, schema_url or "", attributes)
            tracer = self._tracers.setdefault(key, Tracer(self, scope))
        return tracer

    def add_span_processor(self, span_processor: Any) -> None:
        """Attaches an opentelemetry-sdk `SpanProcessor`, or anything with its methods."""
        if self._successor is not None and hasattr(self._successor, "add_span_processor"):
            self._successor.add_span_processor(span_processor)
        else:
            self.guests.add(span_processor)
            for tracer in list(self._tracers.values()):
                tracer.take_on()

    def force_flush(self, timeout_millis: float = 30000) -> bool:
        """True when everything recorded so far was sent, or finally dropped, in time."""
        return self._pipeline.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        self._pipeline.flush(self._pipeline.exit_budget)
        self._disabled = True
        self.guests.shutdown()

    def hand_over(self, to: ApiTracerProvider) -> None:
        """From now on `to` makes the spans, also those of the tracers that were made here."""
        self._successor = to
        for (name, version, schema_url, _), tracer in list(self._tracers.items()):
            tracer.hand_over(to.get_tracer(name, version, schema_url, tracer.scope.attributes or None))

    @property
    def quiet(self) -> bool:
        return not self.guests

    def chores(self, flush: bool) -> float:
        return 3600.0

    def flush_guests(self, deadline: float) -> bool:
        return self.guests.force_flush(deadline - monotonic())

    def follow_fork(self) -> None:
        self._resource.follow_fork()


def _resource(given: Any) -> resource.Resource:
    return resource.from_sdk(given) if given is not None else resource.default()


def _named_generator() -> Any:
    """What `OTEL_PYTHON_ID_GENERATOR` names; None for random IDs, which are our own."""
    name = settings.text("OTEL_PYTHON_ID_GENERATOR")
    if name == "random":
        return None
    try:
        return load("opentelemetry_id_generator", name)()
    except Exception as error:  # noqa: BLE001  foreign code
        report.warn("ids", "clew: the ID generator %r cannot be used (%s); IDs are random", name, type(error).__name__)
        return None
