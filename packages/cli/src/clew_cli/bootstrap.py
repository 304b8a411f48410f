"""What every Python process below `clew run` does first: it waits for the libraries that have a plugin."""

import os
import sys

from clew.imports import when_imported
from clew_cli.children import follow_children
from clew_cli.entrypoints import EntryPoint, read_entry_points
from clew_cli.incumbent import GROUP, remaining, starter
from clew_cli.speech import say
from clew_cli.switches import is_on, switched_off_by
from clew_cli.turns import take_turn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

API = ("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs")
INCUMBENT = "opentelemetry.instrumentation.auto_instrumentation"

_begun: set[object] = set()  # what may happen once only: this start itself, each pipeline, each plugin


def start() -> None:
    """Registers the plugins and pipelines that are found on sys.path; imports none of them."""
    if not _is_first(start):
        return
    follow_children()
    entries = read_entry_points("clew_plugin", "clew_pipeline", GROUP)
    pipelines = [entry for entry in entries if entry.group == "clew_pipeline"]
    ours = [entry for entry in entries if entry.group == "clew_plugin"]
    plugins = [entry for entry in ours if not switched_off_by(entry, os.environ)]
    if is_on("CLEW_STRICT", os.environ):
        for plugin in plugins:
            _load(plugin)
    for name in API:
        when_imported(name, lambda _: take_turn(lambda: _start_pipelines(pipelines)))
    for plugin in plugins:
        when_imported(plugin.name, _starter(plugin, pipelines))
    if INCUMBENT not in sys.modules:
        theirs = [entry for entry in entries if entry.group == GROUP and not switched_off_by(entry, os.environ)]
        for module, instrumentors in remaining(theirs, ours).items():
            when_imported(module, _follower(instrumentors, pipelines))
    else:
        say("opentelemetry-instrument is active in this process, too: calls that both follow are recorded twice")


def _starter(plugin: EntryPoint, pipelines: list[EntryPoint]) -> "Callable[[ModuleType], None]":
    def start_plugin() -> None:
        _start_pipelines(pipelines)
        found = _load(plugin) if _is_first(plugin) else None
        if found is not None:
            _attempt(plugin, found.enable)

    return lambda _: take_turn(start_plugin)


def _follower(instrumentors: list[EntryPoint], pipelines: list[EntryPoint]) -> "Callable[[ModuleType], None]":
    def follow() -> None:
        _start_pipelines(pipelines)
        for instrumentor in instrumentors:
            if _is_first(instrumentor):
                _attempt(instrumentor, starter(instrumentor))

    return lambda _: take_turn(follow)


def _start_pipelines(pipelines: list[EntryPoint]) -> None:
    for pipeline in pipelines:
        install = _load(pipeline) if _is_first(pipeline) else None
        if install is not None:
            _attempt(pipeline, install)


def _load(entry: EntryPoint) -> "Any":
    return _attempt(entry, entry.load)


def _attempt(entry: EntryPoint, call: "Callable[[], Any]") -> "Any":
    """What `call` returns; a failure costs one line and this entry, in strict mode the process."""
    try:
        return call()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything, the import goes on
        say(f"{entry.distribution} is off for {entry.name}: {type(error).__name__}: {error}")
    if is_on("CLEW_STRICT", os.environ):
        _end_process()
    return None


def _end_process() -> None:
    # An exception would not do: the application may catch it, and a thread would swallow it.
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass
    os._exit(2)


def _is_first(thing: object) -> bool:
    if thing in _begun:
        return False
    _begun.add(thing)
    return True
