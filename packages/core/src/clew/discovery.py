"""Enables what is installed, inside a program that is running: the same as `clew run`, from code."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from logging import getLogger

from clew.hooks import Undo
from clew.imports import when_imported
from clew.plugin import Plugin

PLUGINS, PIPELINES = "clew_plugin", "clew_pipeline"
_logger = getLogger("clew")
_waiting: dict[str, Undo] = {}
_started: list[Plugin] = []


def enable(*names: str) -> None:
    """Starts the pipeline and enables every installed plugin, or those of the libraries named.

    A library that is not imported yet is followed from its import on. Raises LookupError for a name without a plugin.
    """
    found = {point.name: point for point in entry_points(group=PLUGINS)}
    unknown = sorted(set(names) - set(found))
    if unknown:
        raise LookupError(
            f"no plugin for {', '.join(unknown)} is installed; installed are: {', '.join(sorted(found)) or 'none'}"
        )
    for pipeline in entry_points(group=PIPELINES):
        pipeline.load()()
    for name in names or found:
        if name not in _waiting:
            _waiting[name] = when_imported(name, _starter(found[name]))


def disable() -> None:
    """Undoes enable(): every plugin, also those that were still waiting for their library."""
    while _waiting:
        _waiting.popitem()[1]()
    while _started:
        _started.pop().disable()


def _starter(point: EntryPoint) -> Callable[[object], None]:
    def start(module: object) -> None:
        try:
            plugin: Plugin = point.load()
            plugin.enable()
            _started.append(plugin)
        except Exception as error:  # noqa: BLE001  (one faulty plugin must not take the others with it)
            _logger.warning("clew: %s", error)

    return start
