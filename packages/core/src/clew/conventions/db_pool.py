"""Pools of database connections: https://opentelemetry.io/docs/specs/semconv/database/database-metrics/."""

from __future__ import annotations

from typing import NamedTuple

from clew.conventions import db, keys
from clew.operation import Attributes, Metric

WAIT = Metric(
    "db.client.connection.wait_time",
    "The time it took to obtain an open connection from the pool.",
    db.DURATION.boundaries,
)


class Level(NamedTuple):
    """A metric that is read now and then."""

    name: str
    unit: str
    description: str


COUNT = Level("db.client.connection.count", "{connection}", "The number of connections, by their state.")
LIMIT = Level("db.client.connection.max", "{connection}", "The maximum number of open connections allowed.")
PENDING = Level("db.client.connection.pending_requests", "{request}", "Requests that wait for an open connection.")


class Pool(NamedTuple):
    """A pool as it is now."""

    #: Empty where only its connections tell, and there is none; then it is what it was.
    name: str
    used: int
    idle: int
    #: How many connections it may have; None for as many as are asked for.
    limit: int | None = None
    #: Tells pools apart that several objects hand out connections of; None where each object has its own.
    identity: int | None = None


def name_of(server: db.Server) -> str:
    """What a pool is called that the application gave no name."""
    place = f"{server.address}:{server.port}" if server.port else server.address
    return "/".join(part for part in (place, server.namespace) if part) or server.system


def named(name: str) -> Attributes:
    return {keys.DB_CLIENT_CONNECTION_POOL_NAME: name}


def in_state(name: str, state: str) -> Attributes:
    """`state` is used or idle."""
    return {keys.DB_CLIENT_CONNECTION_POOL_NAME: name, keys.DB_CLIENT_CONNECTION_STATE: state}
