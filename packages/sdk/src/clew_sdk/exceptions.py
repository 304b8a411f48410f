"""What OpenTelemetry says of an exception, also when the exception does not want to be printed."""

from __future__ import annotations

import sys
import traceback
from contextlib import suppress
from typing import Any

from clew_sdk.limits import STACK_LENGTH
from clew_sdk.otlp.values import STACK, described


def exception_attributes(error: BaseException, longest: int) -> dict[str, Any]:
    """Type, message and stack trace (semantic conventions, "Exceptions"). Never raises an Exception."""
    kind = type(error)
    module = kind.__module__
    name = f"{module}.{kind.__qualname__}" if module and module != "builtins" else kind.__qualname__
    return {
        "exception.type": name,
        "exception.message": _scrubbed(described(error)[: 4 * longest])[:longest],
        STACK: _stack(error),
    }


def _stack(error: BaseException) -> str:
    """The end of the trace is kept: that is where it happened."""
    with suppress(Exception):  # clew-core is not there, or this is no exception at all
        return sys.modules["clew.failures"].stack(error)  # type: ignore[no-any-return]
    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__, limit=-64)
    except Exception:  # noqa: BLE001  __str__ of the exception or of its causes
        lines = [*traceback.format_tb(getattr(error, "__traceback__", None), -64), type(error).__qualname__]
    return _scrubbed("".join(lines)[-4 * STACK_LENGTH :])[-STACK_LENGTH:]


def one_line(error: BaseException) -> str:
    """As the API's use_span describes an error in a status."""
    return f"{type(error).__name__}: {_scrubbed(described(error))}"


def _scrubbed(text: str) -> str:
    """Without credentials, where clew-core is there, which knows what they look like."""
    try:
        return sys.modules["clew.redaction"].redact_text(text)  # type: ignore[no-any-return]
    except KeyError:
        return text
