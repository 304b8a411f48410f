"""The logging plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from clew.asking import called
from clew.instrumentor import Asks, Instrumentor
from clew_logging import plugin

__all__ = ["LoggingInstrumentor", "asks"]

asks: Asks = {"log_hook": (called("logging:Logger.handle", lambda logger, record: (record,)),)}
_FORMAT = "formats and levels stay yours; every record has its IDs"
#: Keywords that there is nothing to do for, and why.
WITHOUT_EFFECT = dict.fromkeys(
    ("set_logging_format", "inject_trace_context", "logging_format", "log_level", "log_handler_level",
     "enable_log_auto_instrumentation", "log_code_attributes"),
    _FORMAT,
)  # fmt: skip


class LoggingInstrumentor(Instrumentor):
    plugin = plugin
