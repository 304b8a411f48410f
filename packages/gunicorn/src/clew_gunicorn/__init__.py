"""Follows the requests that reach any WSGI or ASGI application on gunicorn."""

from clew import Plugin, door
from clew.conventions import http_server

__all__ = ["plugin"]

# Not their common base: a worker of uvicorn has an application of ASGI in the attribute `wsgi`.
WORKERS = ("sync:SyncWorker", "gthread:ThreadWorker", "base_async:AsyncWorker")
plugin = Plugin(
    "gunicorn",
    versions=">=22",
    hooks=[
        *(door(f"gunicorn.workers.{worker}.wsgi", http_server.wsgi) for worker in WORKERS),
        door("gunicorn.workers.gasgi:ASGIWorker.asgi", http_server.asgi),
    ],
)
