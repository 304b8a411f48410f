"""What a hook gets when its plugin is enabled: tracer, instruments and settings, resolved once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics, trace

from clew import settings
from clew.operation import Attributes, Labels, Metric

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Tracer

    from clew.guard import Guard

SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"
#: Points are remembered for that many label sets; beyond it the SDK's own overflow set takes over.
MEMO = 2000

Record = Callable[[float, "Context"], None]


class Telemetry:
    """The OpenTelemetry API as one plugin sees it."""

    def __init__(self, plugin: str, guard: Guard) -> None:
        self.plugin = plugin
        self.guard = guard
        self.settings = settings.current()
        self.tracer: Tracer = trace.get_tracer(f"clew.{plugin}", schema_url=SCHEMA_URL)
        self._meter = metrics.get_meter(f"clew.{plugin}", schema_url=SCHEMA_URL)

    def points(self, metric: Metric, attributes_of: Callable[..., Attributes]) -> Callable[[Labels], Record]:
        """A function from labels to the recorder of their point; the recorder takes seconds and a context."""
        histogram = self._meter.create_histogram(
            metric.name, "s", metric.description, explicit_bucket_boundaries_advisory=metric.boundaries
        )
        bind = getattr(histogram, "bind", None)
        memo: dict[Labels, Record] = {}

        def point(labels: Labels) -> Record:
            record = memo.get(labels)
            if record is None:
                attributes = attributes_of(*labels)
                record = bind(attributes).record if bind else _recorder(histogram, attributes)
                if len(memo) < MEMO:
                    memo[labels] = record
            return record

        return point


def _recorder(histogram: metrics.Histogram, attributes: dict[str, Any]) -> Record:
    def record(seconds: float, context: Context) -> None:
        histogram.record(seconds, attributes, context)

    return record
