"""What is told about an exception: its type always, its message and stack without secrets."""

from __future__ import annotations

import sys
import traceback
from typing import Any

from clew.conventions import keys
from clew.redaction import redact_text

MESSAGE_LENGTH = 1024
STACK_LENGTH = 16384
INNERMOST = 64  # frames of a stack that are told: it happened at its end
_names: dict[type, str] = {}


def type_name(error: BaseException) -> str:
    """The exception's class with its module, as `error.type` and `exception.type` want it."""
    kind = type(error)
    name = _names.get(kind)
    if name is None:
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        if len(_names) < 1000:  # classes made at run time must not pile up here
            _names[kind] = name
    return name


def message(error: BaseException) -> str:
    """The exception's text, redacted, at most 1,024 characters; empty when even that raises."""
    try:
        return redact_text(str(error)[: 4 * MESSAGE_LENGTH])[:MESSAGE_LENGTH]
    except Exception:  # noqa: BLE001
        return ""


def describe(error: BaseException) -> dict[str, Any]:
    """The attributes of an exception event (semantic conventions, exceptions)."""
    return {
        keys.EXCEPTION_TYPE: type_name(error),
        keys.EXCEPTION_MESSAGE: message(error),
        keys.EXCEPTION_STACKTRACE: _stack(error),
    }


def _stack(error: BaseException) -> str:
    # Frames without locals, the innermost; messages of the whole chain go through the same scrubber as the message.
    try:
        told = traceback.TracebackException(type(error), error, error.__traceback__, limit=-INNERMOST, compact=True)
        _leave_out_columns(told)
        pieces = list(told.format())
    except Exception:  # noqa: BLE001
        pieces = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), limit=-INNERMOST).format()
    text = "".join(pieces)
    if len(text) <= 4 * STACK_LENGTH:
        return redact_text(text)[-STACK_LENGTH:]
    # A piece is a frame or a message. Only what begins where the library began it can be told apart from a quotation.
    cut = (f"{piece[: 4 * MESSAGE_LENGTH]} …\n" if len(piece) > 4 * MESSAGE_LENGTH else piece for piece in pieces)
    return "".join(map(redact_text, cut))[-STACK_LENGTH:]


def _leave_out_columns(told: traceback.TracebackException) -> None:
    """Where columns are known, each line is parsed to underline a part of it. That is dear, and not for a finalizer:
    one that runs while the application parses makes its ast.parse raise SystemError (CPython 3.11.7, gh-106905)."""
    found = [told]
    for one in found:
        if sys.version_info >= (3, 11):
            for frame in one.stack:
                frame.colno = None
        found += [*filter(None, (one.__cause__, one.__context__)), *(getattr(one, "exceptions", None) or ())]
