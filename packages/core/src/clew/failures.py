"""What is told about an exception: its type always, its message and stack without secrets."""

from __future__ import annotations

from typing import Any

from clew.conventions import keys
from clew.redaction import redact_text
from clew.stacks import pieces

MESSAGE_LENGTH = 1024
STACK_LENGTH = 16384
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
        keys.EXCEPTION_STACKTRACE: stack(error),
    }


def stack(error: BaseException) -> str:
    """The end of the exception's traceback with its causes, without locals and secrets, at most 16,384 characters."""
    told = list(pieces(error))
    text = "".join(told)
    if len(text) <= 4 * STACK_LENGTH:
        return redact_text(text)[-STACK_LENGTH:]
    # Only what begins where the library began it can be told apart from a quotation.
    cut = (f"{piece[: 4 * MESSAGE_LENGTH]} …\n" if len(piece) > 4 * MESSAGE_LENGTH else piece for piece in told)
    return "".join(map(redact_text, cut))[-STACK_LENGTH:]
