"""Imports one package with all that it exports and prints, as JSON, what that opened, started and loaded."""

import importlib
import json
import sys
import threading

import opentelemetry._logs
import opentelemetry.context
import opentelemetry.metrics
import opentelemetry.propagate
import opentelemetry.trace  # noqa: F401 - reads its entry points; that is not ours

CODE = (".py", ".pyc", ".so", ".pyd", ".zip")
events: list[str] = []


def note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and str(arguments[0]).endswith(CODE):
        return
    if event.startswith(("open", "socket.", "_thread.", "subprocess.", "os.")):
        events.append(f"{event} {arguments[:1]}")


sys.addaudithook(note)
package = importlib.import_module(sys.argv[1])
for name in getattr(package, "__all__", ()):
    getattr(package, name)
seen = events.copy()
print(json.dumps({"events": seen, "threads": threading.active_count(), "modules": sorted(sys.modules)}))
