"""The SQLAlchemy plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from typing import Any

from clew.instrumentor import Asks, Instrumentor
from clew_sqlalchemy import plugin

__all__ = ["SQLAlchemyInstrumentor", "asks"]

asks: Asks = {}


class SQLAlchemyInstrumentor(Instrumentor):
    plugin = plugin

    def instrument(self, *, engine: Any = None, engines: Any = (), **options: Any) -> None:
        """Follows these engines, with these options; every engine when there are none."""
        chosen = [*([] if engine is None else [engine]), *(engines or ())]
        if not chosen:
            super().instrument(**options)
        for one in chosen:
            self._follow(one, options)
            self._is_on = True
