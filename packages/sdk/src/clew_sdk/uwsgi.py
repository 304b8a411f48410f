"""uWSGI's forks: made in C, where nobody calls Python's own functions for a child (but with --py-call-osafterfork)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

HOOK = "post_fork_hook"  # the name in its module under which uWSGI looks for what each new worker calls first


def after_fork(call: Callable[[], None]) -> None:
    """Calls it in each child before whatever the application has put there, or will put."""
    module = sys.modules.get("uwsgi")
    if type(module) is not ModuleType:
        return

    class Followed(ModuleType):
        """uWSGI reads the module's dict, the application (and uwsgidecorators) set the attribute."""

        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, partial(_first, call, value) if name == HOOK else value)

    module.__class__ = Followed
    setattr(module, HOOK, getattr(module, HOOK, None))


def _first(call: Callable[[], None], hook: Any) -> Any:
    call()
    return hook() if callable(hook) else None
