"""What is measured: one record for each row of the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One piece of work.

    `operations` are those of one round; `spans` is how many of them a complete trace of one operation has, at the
    least, and `logs` the same of log records; `mode` is one of the modes of a contender; `needs` names a server that
    must be there, `environment` what every contender's process gets.
    """

    name: str
    title: str
    application: str
    operations: int
    spans: int = 1
    logs: int = 0
    mode: str = "on"
    needs: str = ""
    environment: tuple[tuple[str, str], ...] = ()


def django(application: str) -> tuple[tuple[str, str], ...]:
    """Known from outside, as in life: some agents look at the settings before the application is there."""
    return (("DJANGO_SETTINGS_MODULE", "apps.django_settings"), ("BENCH_URLCONF", f"apps.{application}"))


ROWS = (
    Row("flask", "Flask, hello", "flask_hello", 1000),
    Row("flask-query", "Flask, 1 query", "flask_query", 800, spans=2),
    Row("flask-20", "Flask, 20 queries", "flask_queries", 200, spans=21),
    Row("flask-log", "Flask, 1 log line", "flask_log", 800, logs=1),
    Row("fastapi", "FastAPI, async", "fastapi_async", 800),
    Row("fastapi-sync", "FastAPI, sync", "fastapi_sync", 600),
    Row("fastapi-query", "FastAPI, 1 query", "fastapi_query", 600, spans=2),
    Row("django", "Django, hello", "django_hello", 800, environment=django("django_hello")),
    Row("django-query", "Django, 1 query", "django_query", 600, spans=2, environment=django("django_query")),
    Row("starlette", "Starlette, hello", "starlette_hello", 800),
    Row("aiohttp-server", "aiohttp server, hello", "aiohttp_server", 600),
    Row("tornado", "Tornado, hello", "tornado_hello", 600),
    Row("falcon", "Falcon, hello", "falcon_hello", 1000),
    Row("falcon-asgi", "Falcon, async", "falcon_async", 800),
    Row("pyramid", "Pyramid, hello", "pyramid_hello", 800),
    Row("bottle", "Bottle, hello", "bottle_hello", 1000),
    Row("quart", "Quart, hello", "quart_hello", 600),
    Row("litestar", "Litestar, hello", "litestar_hello", 800),
    Row("sanic", "Sanic, hello", "sanic_hello", 800),
    Row("threads", "Flask, hello, 8 threads", "flask_threads", 800),
    Row("requests", "requests call", "requests_call", 600, needs="upstream"),
    Row("httpx", "httpx call", "httpx_call", 600, needs="upstream"),
    Row("httpx-async", "httpx call, async", "httpx_async", 600, needs="upstream"),
    Row("urllib3", "urllib3 call", "urllib3_call", 800, needs="upstream"),
    Row("urllib", "urllib call", "urllib_call", 400, needs="upstream"),
    Row("aiohttp", "aiohttp call", "aiohttp_async", 600, needs="upstream"),
    Row("sqlite3", "sqlite3 query", "sqlite3_query", 2000),
    Row("psycopg", "psycopg query", "psycopg_query", 1000, needs="postgres"),
    Row("asyncpg", "asyncpg query", "asyncpg_query", 1000, needs="postgres"),
    Row("sqlalchemy", "SQLAlchemy query", "sqlalchemy_query", 800),
    Row("redis", "redis call", "redis_call", 1000, needs="redis"),
    Row("pymongo", "pymongo call", "pymongo_call", 600, needs="mongodb"),
    Row("flask-unsampled", "Flask, 1 query, 5 % sampled", "flask_query", 1000, mode="unsampled"),
    Row("fastapi-unsampled", "FastAPI, async, 5 % sampled", "fastapi_async", 800, mode="unsampled"),
    Row("flask-off", "Flask, 1 query, switched off", "flask_query", 1000, mode="off"),
)
