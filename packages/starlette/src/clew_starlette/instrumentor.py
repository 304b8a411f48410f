"""The Starlette plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.instrumentor import ASGI, AppInstrumentor, Asks
from clew_starlette import plugin

__all__ = ["StarletteInstrumentor", "asks"]

asks: Asks = ASGI


class StarletteInstrumentor(AppInstrumentor):
    plugin = plugin
