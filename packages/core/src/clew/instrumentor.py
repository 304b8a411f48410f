"""Instrumentors: plugins by the names, the methods and the keywords that OpenTelemetry's own packages have for them.

A module with a subclass of one of these classes also has `asks`: what functions a person may give, by keyword.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from importlib.metadata import entry_points
from logging import getLogger
from typing import Any, ClassVar

from clew.asking import Ask, answers, comes, receives
from clew.imports import when_imported
from clew.plugin import Plugin, PluginError

#: By keyword, when a person's function is asked.
Asks = Mapping[str, "tuple[Ask, ...]"]
GROUP = "opentelemetry_instrumentor"
#: There while `opentelemetry-instrument` starts a process.
AUTOMATIC = "opentelemetry.instrumentation.auto_instrumentation"
_logger = getLogger("clew")


class Instrumentor:
    """There is one of each class, as `opentelemetry-instrument` and its users expect."""

    plugin: ClassVar[Plugin]
    #: The plugin that does more than this one, when it is enabled already.
    whole: ClassVar[Plugin | None] = None
    _instance: ClassVar[Instrumentor | None] = None
    _is_on = False

    def __new__(cls, *args: Any, **options: Any) -> Instrumentor:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    @property
    def is_instrumented_by_opentelemetry(self) -> bool:
        return self._is_on

    def instrumentation_dependencies(self) -> Collection[str]:
        """The library with its range; none that can be missing, as the plugin waits for the library's import."""
        return ()

    def instrument(self, **options: Any) -> None:
        """Enables the plugin, with these options also where it is enabled already."""
        if self._is_on:
            _logger.warning("clew: %s is instrumented already", self.plugin.name)
            return
        if options.get("skip_dep_check") and AUTOMATIC in sys.modules and _has_another(type(self)):
            return
        if self.whole is not None and self.whole.is_enabled:
            _logger.warning("clew: %s is followed already; options of code come too late", self.plugin.name)
            return
        options = {name: value for name, value in options.items() if name not in _CHECKS}
        try:
            self.plugin.enable(**options)
            self._is_on = True
        except PluginError as error:
            _logger.error("clew: %s", error)

    def uninstrument(self, **options: Any) -> None:
        """Disables it, also for single objects."""
        if not self._is_on:
            _logger.warning("clew: %s is not instrumented", self.plugin.name)
        self._is_on = False
        self.plugin.disable()

    @classmethod
    def _follow(cls, subject: Any, options: dict[str, Any]) -> None:
        try:
            cls.plugin.follow(subject, **options)
        except (PluginError, TypeError) as error:
            _logger.error("clew: %s", error)


class AppInstrumentor(Instrumentor):
    """For frameworks: an application may have options of its own."""

    @classmethod
    def instrument_app(cls, app: Any, **options: Any) -> None:
        cls._follow(app, options)

    @classmethod
    def uninstrument_app(cls, app: Any) -> None:
        cls.plugin.leave(app)


class ClientInstrumentor(Instrumentor):
    """For clients that may have options of their own."""

    @classmethod
    def instrument_client(cls, client: Any, **options: Any) -> None:
        cls._follow(client, options)

    @classmethod
    def uninstrument_client(cls, client: Any) -> None:
        cls.plugin.leave(client)


class ConnectionInstrumentor(Instrumentor):
    """For drivers: a connection may have options of its own."""

    @classmethod
    def instrument_connection(cls, connection: Any, **options: Any) -> Any:
        """Returns the connection, as those of OpenTelemetry return what stands in for it."""
        cls._follow(connection, options)
        return connection

    @classmethod
    def uninstrument_connection(cls, connection: Any) -> Any:
        cls.plugin.leave(connection)
        return connection


#: What is asked about requests to applications of ASGI.
ASGI: Asks = {
    "server_request_hook": (comes(lambda *args: (args[-3],)),),
    "client_request_hook": (receives(lambda scope, message: (scope, message)),),
    "client_response_hook": (answers(lambda scope, message: (scope, message)),),
}
#: What the packages of OpenTelemetry ask before they look at the library.
_CHECKS = ("skip_dep_check", "raise_exception_on_conflict")


def _has_another(ours: type[Instrumentor]) -> bool:
    """Whether `opentelemetry-instrument` finds another package's instrumentor for the same library: it cannot be told
    to leave that alone, so ours steps back."""
    points = list(entry_points(group=GROUP))
    value = f"{ours.__module__}:{ours.__qualname__}"
    names = {point.name for point in points if point.value == value}
    others = [point.value for point in points if point.name in names and point.value != value]
    if others:
        _logger.warning("clew: %s is left to %s, which is installed too", ours.plugin.name, others[0])
    return bool(others)


# Who asks whether something is an instrumentor asks for OpenTelemetry's class, where its package is there.
when_imported(
    "opentelemetry.instrumentation.instrumentor", lambda module: module.BaseInstrumentor.register(Instrumentor)
)
