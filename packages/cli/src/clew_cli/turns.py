"""Runs what has to import something from inside somebody else's import: one at a time, and never halfway."""

import sys
from _thread import allocate_lock

from clew.imports import half_imported, when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_tasks: "list[Callable[[], None]]" = []
_turn = allocate_lock()  # taken or not taken, never waited for: whoever waits inside an import may wait for ever


def take_turn(task: "Callable[[], None]") -> None:
    """Runs the task now or, if another one runs or a module that tasks need is half imported, right after that.

    `asyncio` imports `logging`: a plugin for logging started there would find an asyncio without its functions.
    """
    _tasks.append(task)
    _run_tasks()


def _run_tasks() -> None:
    while _tasks and _turn.acquire(blocking=False):
        try:
            obstacle = next(filter(_is_needed, half_imported()), None)
            if obstacle is None:
                _tasks.pop(0)()
        finally:
            _turn.release()
        if obstacle is not None:
            when_imported(obstacle, lambda _: _run_tasks())
            return


def _is_needed(module: str) -> bool:
    package = module.partition(".")[0]
    return package in sys.stdlib_module_names or package.startswith(("clew", "opentelemetry", "typing_extensions"))
