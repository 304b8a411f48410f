"""The Pyramid plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from typing import Any

from clew.instrumentor import Asks, Instrumentor
from clew_pyramid import plugin

__all__ = ["PyramidInstrumentor", "asks"]

asks: Asks = {}


class PyramidInstrumentor(Instrumentor):
    plugin = plugin

    @classmethod
    def instrument_config(cls, config: Any, **options: Any) -> None:
        """Follows the one application that is made with this configuration."""
        cls._follow(config.registry, options)

    @classmethod
    def uninstrument_config(cls, config: Any) -> None:
        cls.plugin.leave(config.registry)
