"""The one line that ddtrace wants in an application: ddtrace-run follows all frameworks but aiohttp's server."""

from importlib import import_module
from typing import Any

import lines


def aiohttp(application: Any) -> None:
    import_module("ddtrace.contrib.aiohttp").trace_app(application)


lines.add("aiohttp.web_app:Application", aiohttp)
