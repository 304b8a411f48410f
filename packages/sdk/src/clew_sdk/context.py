"""The current context, read with as few calls as possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext

#: A contract with clew-core (docs/architecture.md).
REQUEST_ID, CALL = "clew-request-id", "clew-call"


def _reader() -> Callable[[], Context]:
    """The context variable's own `get` when the runtime context is the usual one."""
    runtime = getattr(context_api, "_RUNTIME_CONTEXT", None)
    if type(runtime) is ContextVarsRuntimeContext:
        variable = getattr(runtime, "_current_context", None)
        if variable is not None:
            return variable.get  # type: ignore[no-any-return]
    return context_api.get_current


get_current = _reader()
attach = context_api.attach


def detach(token: Any) -> None:
    """Silent where that is no longer possible, as in a generator that another task closes: nothing is to restore there.

    The API's own function writes a traceback to the log.
    """
    if not _direct:
        context_api.detach(token)
        return
    try:
        token.var.reset(token)
    except ValueError:
        pass


def suppressed() -> Context:
    """The current context, in which no plugin follows anything."""
    return context_api.set_value(_SUPPRESS, True)


_SUPPRESS = getattr(context_api, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation")
_direct = get_current is not context_api.get_current
