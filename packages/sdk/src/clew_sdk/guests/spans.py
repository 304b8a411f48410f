"""Foreign SpanProcessors on our spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context

from clew_sdk import report
from clew_sdk.guests.guard import ask
from clew_sdk.native import monotonic
from clew_sdk.resource import Resource

if TYPE_CHECKING:
    from clew_sdk.span import Span


class SpanGuests:
    """The processors of one provider; a span asks only whether there are any."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self.processors: tuple[Any, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.processors)

    def add(self, processor: Any) -> None:
        self.processors += (processor,)

    def started(self, span: Span, context: Context | None) -> None:
        for processor in self.processors:
            ask(processor.on_start, span, context)

    def ending(self, span: Span) -> None:
        for processor in self.processors:
            hook = getattr(processor, "_on_ending", None)
            if hook is not None:
                ask(hook, span)

    def ended(self, span: Span) -> None:
        from clew_sdk.guests.readable import readable

        try:
            view = readable(span)
        except Exception as error:  # noqa: BLE001  opentelemetry-sdk refuses some of what an application records
            report.warn("guest span", "clew: a span could not be shown to processors (%s)", type(error).__name__)
            return
        for processor in self.processors:
            ask(processor.on_end, view)

    def force_flush(self, seconds: float) -> bool:
        deadline, complete = monotonic() + seconds, True
        for processor in self.processors:
            left = max(0, int((deadline - monotonic()) * 1000))
            complete = ask(processor.force_flush, left) is not False and complete
        return complete

    def shutdown(self) -> None:
        for processor in self.processors:
            ask(processor.shutdown)


def batching(exporter: Any) -> Any:
    """The official processor around a foreign exporter."""
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return BatchSpanProcessor(exporter)
