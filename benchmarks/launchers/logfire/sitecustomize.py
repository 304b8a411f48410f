"""What `logfire run` does: it configures the SDK, then follows each library that has an instrumentation installed."""

import importlib
import os
import sys
from typing import Any

import lines
import logfire
from opentelemetry.instrumentation.falcon import FalconInstrumentor
from opentelemetry.instrumentation.pyramid import PyramidInstrumentor
from opentelemetry.instrumentation.tornado import TornadoInstrumentor
from opentelemetry.instrumentation.urllib import URLLibInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor

FRAMEWORKS = ("flask", "fastapi", "starlette")
LIBRARIES = (
    *("django", "aiohttp_server", "requests", "httpx", "aiohttp_client"),
    *("sqlite3", "asyncpg", "sqlalchemy", "redis", "pymongo"),
)
# logfire has no functions for these, but keeps the spans of contrib's instrumentations
OTHERS = (FalconInstrumentor, PyramidInstrumentor, TornadoInstrumentor, URLLibInstrumentor, URLLib3Instrumentor)


def litestar(application: Any) -> None:
    """The function answers with what is around the application; here that is put within, so that no name changes."""
    around: Any = logfire.instrument_litestar(application)
    around.app, application.asgi_handler = application.asgi_handler, around


sys.path.insert(0, os.getcwd())  # as opentelemetry-instrument does: Django settings are looked for at once
logfire.configure(send_to_logfire=False, console=False)
for framework in FRAMEWORKS:  # the public functions want an application, which is not there yet
    module = importlib.import_module(f"logfire._internal.integrations.{framework}")
    getattr(module, f"instrument_{framework}")(logfire.DEFAULT_LOGFIRE_INSTANCE)
for library in LIBRARIES:
    getattr(logfire, f"instrument_{library}")()
logfire.instrument_psycopg("psycopg")
for other in OTHERS:
    other().instrument()
lines.add("litestar.app:Litestar", litestar)
