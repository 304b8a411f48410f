"""The current context, read with as few calls as possible."""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext

REQUEST_ID = "clew-request-id"


def _reader() -> Callable[[], Context]:
    """The context variable's own `get` when the runtime context is the usual one."""
    runtime = getattr(context_api, "_RUNTIME_CONTEXT", None)
    if type(runtime) is ContextVarsRuntimeContext:
        variable = getattr(runtime, "_current_context", None)
        if variable is not None:
            return variable.get  # type: ignore[no-any-return]
    return context_api.get_current


get_current = _reader()
