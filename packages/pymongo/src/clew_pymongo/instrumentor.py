"""The pymongo plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from typing import Any

from clew.asking import Ask, returned
from clew.instrumentor import Asks, Instrumentor
from clew.places import Undo, replace
from clew.telemetry import Telemetry
from clew_pymongo import plugin

__all__ = ["PymongoInstrumentor", "asks"]


def published(telemetry: Telemetry) -> Undo:
    """pymongo makes its events while there is a listener. They cost, so there are none unless somebody asks."""
    target = "pymongo.monitoring:_EventListeners.enabled_for_commands"
    always: Any = property(lambda listeners: True)
    return replace(target, lambda found: always, lambda: None, telemetry.guard.failed, optional=True)


def event(name: str) -> tuple[Ask, ...]:
    target = f"pymongo.monitoring:Command{name}Event.__init__"
    # Within our calls alone: pymongo sends commands by itself, too.
    return (returned(target, lambda made, event, *args, **options: (event,), "db.client", published),)


asks: Asks = {"request_hook": event("Started"), "response_hook": event("Succeeded"), "failed_hook": event("Failed")}


class PymongoInstrumentor(Instrumentor):
    plugin = plugin
