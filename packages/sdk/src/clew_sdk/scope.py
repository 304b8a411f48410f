"""The instrumentation scope: who made a span, a metric or a log record, and for which resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clew_sdk.otlp.values import Attributes
from clew_sdk.otlp.wire import block, text
from clew_sdk.resource import Resource

_ATTRIBUTES = Attributes(b"\x1a")


class Scope:
    """One per tracer, meter or logger; records are grouped by its identity."""

    __slots__ = ("_theirs", "attributes", "encoded", "name", "resource", "schema_url", "version")

    def __init__(
        self, resource: Resource, name: str, version: str = "", schema_url: str = "", attributes: Any = None
    ) -> None:
        self.resource, self.name, self.version, self.schema_url = resource, name, version, schema_url
        self.attributes: Mapping[str, Any] = attributes or {}
        self.encoded = block(
            b"\x0a", text(b"\x0a", name) + text(b"\x12", version) + _ATTRIBUTES.encode(self.attributes)[0]
        )
        self._theirs: Any = None

    def for_guests(self) -> Any:
        """The same as opentelemetry-sdk's InstrumentationScope, which guests expect."""
        if self._theirs is None:
            from opentelemetry.sdk.util.instrumentation import InstrumentationScope

            self._theirs = InstrumentationScope(self.name, self.version, self.schema_url, self.attributes)
        return self._theirs
