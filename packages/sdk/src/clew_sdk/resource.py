"""What the telemetry is about: this service, this process. No arguments, no environment, no folder."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from clew_sdk import ids, settings
from clew_sdk.otlp.values import Attributes
from clew_sdk.otlp.wire import block

_ATTRIBUTES = Attributes(b"\x0a", most=1000)


class Resource:
    """Attributes with their encoding. A forked child gets its own `process.pid` and `service.instance.id`."""

    def __init__(self, attributes: Mapping[str, Any], schema_url: str = "") -> None:
        self.attributes = dict(attributes)
        self.schema_url = schema_url
        self._encoded: bytes | None = None
        self._theirs: Any = None

    @property
    def encoded(self) -> bytes:
        """The field `resource` of a ResourceSpans, ResourceMetrics or ResourceLogs."""
        if self._encoded is None:
            self._encoded = block(b"\x0a", _ATTRIBUTES.encode(self.attributes)[0])
        return self._encoded

    def for_guests(self) -> Any:
        """The same as opentelemetry-sdk's Resource, which guests expect."""
        if self._theirs is None:
            from opentelemetry.sdk.resources import Resource as SdkResource

            self._theirs = SdkResource(self.attributes, self.schema_url)
        return self._theirs

    def follow_fork(self) -> None:
        if "process.pid" in self.attributes:
            self.attributes["process.pid"] = os.getpid()
        if "service.instance.id" in self.attributes:
            self.attributes["service.instance.id"] = ids.new_uuid()
        self._encoded = self._theirs = None


def from_sdk(theirs: Any) -> Resource:
    """Takes over an opentelemetry-sdk `Resource`."""
    if isinstance(theirs, Resource):
        return theirs
    return Resource(theirs.attributes, theirs.schema_url)


def detect() -> Resource:
    """From `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, the detectors asked for, and this process."""
    attributes: dict[str, Any] = {
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "clew",
        "telemetry.sdk.version": version(),
        "telemetry.distro.name": "clew",
        "telemetry.distro.version": version(),
        "process.pid": os.getpid(),
        "process.runtime.name": sys.implementation.name,
        "process.runtime.version": platform.python_version(),
        "process.runtime.description": sys.version,
        "service.instance.id": ids.new_uuid(),
    }
    attributes.update(_detected())
    attributes.update(settings.pairs("OTEL_RESOURCE_ATTRIBUTES"))
    name = settings.text("OTEL_SERVICE_NAME")
    if name:
        attributes["service.name"] = name
    elif not attributes.get("service.name"):
        attributes["service.name"] = program_name()
    return Resource(attributes)


def program_name() -> str:
    """The module or script that runs, for a service that nobody named. Never `unknown_service`."""
    main = sys.modules.get("__main__")
    module = getattr(getattr(main, "__spec__", None), "name", "") or _module_option(sys.orig_argv)
    if module:
        return str(module).removesuffix(".__main__")
    path = getattr(main, "__file__", None) or (sys.argv[0] if getattr(sys, "argv", None) else "")
    folder, file = os.path.split(os.path.abspath(path)) if path not in ("", "-c", "-m", "-") else ("", "")
    if file == "__main__.py":
        file = os.path.basename(folder)
    return os.path.splitext(file)[0] or "python"


def _module_option(arguments: list[str]) -> str:
    """The module of `python -m module`, which sys.argv does not know before it runs."""
    for option, value in pairwise(arguments[1:]):
        if option == "-m":
            return value
        if not option.startswith("-") or option == "-c":
            break
    return ""


def _detected() -> Mapping[str, Any]:
    """What the resource detectors of opentelemetry-sdk find, when some are asked for by name."""
    if not settings.text("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"):
        return {}
    from opentelemetry.sdk.resources import Resource as SdkResource

    found = dict(SdkResource.create().attributes)
    for ours in ("telemetry.sdk.language", "telemetry.sdk.name", "telemetry.sdk.version"):
        found.pop(ours, None)
    if str(found.get("service.name", "")).startswith("unknown_service"):
        del found["service.name"]
    return found


def version() -> str:
    """This distribution's version, read off its folder's name: importlib.metadata costs 40 ms."""
    packages = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        folders = os.listdir(packages)
    except OSError:
        folders = []
    for folder in folders:
        if folder.startswith("clew_sdk-") and folder.endswith(".dist-info"):
            return folder[len("clew_sdk-") : -len(".dist-info")]
    return "0"


_default: Resource | None = None


def default() -> Resource:
    """The process's own, the same for all signals."""
    global _default
    if _default is None:
        _default = detect()
    return _default
