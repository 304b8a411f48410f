"""What `logfire run` does: it configures the SDK, then follows each library that has an instrumentation installed."""

import importlib
import os
import sys

import logfire
from opentelemetry.instrumentation.urllib import URLLibInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor

LIBRARIES = ("django", "requests", "httpx", "aiohttp_client", "sqlite3", "asyncpg", "sqlalchemy", "redis")

sys.path.insert(0, os.getcwd())  # as opentelemetry-instrument does: Django settings are looked for at once
logfire.configure(send_to_logfire=False, console=False)
for framework in ("flask", "fastapi"):  # the public functions want an application, which is not there yet
    module = importlib.import_module(f"logfire._internal.integrations.{framework}")
    getattr(module, f"instrument_{framework}")(logfire.DEFAULT_LOGFIRE_INSTANCE)
for library in LIBRARIES:
    getattr(logfire, f"instrument_{library}")()
logfire.instrument_psycopg("psycopg")
# logfire has no functions for these two, but keeps the spans of contrib's instrumentations
URLLib3Instrumentor().instrument()
URLLibInstrumentor().instrument()
