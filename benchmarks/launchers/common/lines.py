"""Adds to an application the line that an agent's documentation wants in it, so that no application need have it."""

from collections.abc import Callable
from typing import Any

import wrapt


def add(target: str, line: Callable[[Any], object]) -> None:
    """Has the line run for each new object of a class, `"module:Class"`, whose module nobody need import for it."""
    name, _, kind = target.partition(":")

    def made(initialise: Any, application: Any, args: Any, options: Any) -> None:
        initialise(*args, **options)
        line(application)

    wrapt.register_post_import_hook(lambda module: wrapt.wrap_function_wrapper(module, f"{kind}.__init__", made), name)
