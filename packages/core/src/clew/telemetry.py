"""What a hook gets when its plugin is enabled: who writes its calls down, and settings, resolved once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import metrics, trace

from clew import settings
from clew.longhand import Longhand, points
from clew.operation import Operation, Scribe

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

    from clew.adapting import Adapted
    from clew.choosing import Choice
    from clew.cost import Cost
    from clew.guard import Guard
    from clew.options import Chosen

SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"


class Telemetry:
    """The OpenTelemetry API as one plugin sees it."""

    def __init__(self, plugin: str, guard: Guard, chosen: Chosen | None = None, choice: Choice | None = None) -> None:
        self.plugin = plugin
        self.guard = guard
        self.settings = settings.current()
        #: What a person wants for this plugin alone; which objects of the library have options of their own.
        self.chosen, self.choice = chosen, choice
        tracers, meters = (None, None) if chosen is None else chosen[:2]
        self._tracer: Tracer = trace.get_tracer(f"clew.{plugin}", None, tracers, SCHEMA_URL)
        #: For what is measured beside calls.
        self.meter = metrics.get_meter(f"clew.{plugin}", "", meters, SCHEMA_URL)
        self.adapted: Adapted | None = self._adapt(chosen) if chosen or self.settings.wants_headers else None
        self.cost: Cost | None = None
        if self.settings.measure_cost:
            from clew.cost import Cost

            self.cost = Cost(self.meter, plugin)

    def _adapt(self, chosen: Chosen | None) -> Adapted:
        from clew.adapting import Adapted

        if chosen is None:
            return Adapted(self, (), ())
        own = dict(chosen.settings)
        excluded = own.get("excluded_urls", ())
        own["excluded_urls"] = (*self.settings.excluded_urls, *excluded)
        self.settings = self.settings._replace(**own)
        return Adapted(self, chosen.questions, excluded)

    def scribe(self, operation: Operation) -> Scribe:
        """The tracer's own, when it takes shorthand; longhand with any other."""
        metric, failed = operation.metric, self.guard.failed
        histogram = self.meter.create_histogram(
            metric.name, "s", metric.description, explicit_bucket_boundaries_advisory=metric.boundaries
        )

        def longhand(tracer: Tracer) -> Scribe:
            return Longhand(operation, tracer, points(histogram, operation.point), failed)

        shorthand = getattr(self._tracer, "shorthand", None)
        if shorthand is None:
            return longhand(self._tracer)
        scribe: Scribe = shorthand(operation, histogram, failed=failed, longhand=longhand)
        return scribe
