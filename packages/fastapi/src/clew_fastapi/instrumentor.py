"""The FastAPI plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.instrumentor import ASGI, AppInstrumentor, Asks
from clew_fastapi import plugin

__all__ = ["FastAPIInstrumentor", "asks"]

asks: Asks = ASGI


class FastAPIInstrumentor(AppInstrumentor):
    plugin = plugin
