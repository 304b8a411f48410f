"""Puts trace, span and request ID on every log record, and sends the records as OTLP logs."""

import logging
import sys
from typing import Any

from clew import Plugin, after, enrich, instead
from clew.conventions import log, log_json

__all__ = ["plugin"]

# What every record has; the rest is what the application attached (LogRecord attributes, logging's manual).
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", *log.IDS}


def fields_of(logger: Any, record: Any) -> dict[str, Any]:
    fields: dict[str, Any] = vars(record)
    return fields


def read_line(logger: Any, record: Any) -> log.Line:
    fields = vars(record)
    return log.Line(
        record.name,
        int(record.created * 1e9),
        record.levelno,
        record.levelname,
        record.getMessage(),
        {} if STANDARD.issuperset(fields) else {name: fields[name] for name in fields.keys() - STANDARD},
        log.ids_of(fields),
        record.exc_info[1] if record.exc_info else None,
        record.funcName,
        record.lineno,
    )


def read_terminal_line(handler: Any, record: Any) -> log.Line | None:
    return read_line(handler, record) if handler.stream in (sys.stderr, sys.stdout) else None


plugin = Plugin(
    "logging",
    instrumentor="clew_logging.instrumentor",
    hooks=[
        enrich("logging:Logger.handle", log.stamp(fields_of)),
        after("logging:Logger.callHandlers", log.emit(read_line)),
        *log.sent_by_the_application(),
        instead("logging:StreamHandler.format", log_json.lines(read_terminal_line)),
    ],
)
