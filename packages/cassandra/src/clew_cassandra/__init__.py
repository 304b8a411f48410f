"""Follows the statements that an application runs with cassandra-driver, awaited or by futures."""

import re
from types import SimpleNamespace
from typing import Any

from clew import Plugin, patch
from clew.conventions import db_client

__all__ = ["plugin"]

#: Literals of CQL alone: UUIDs without quotes, and durations (P1Y2M).
LITERALS = re.compile(r"\b(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[pP](?=\d+[YMWDymwd])[\w:-]+)\b")
#: Where a session keeps what is known of its keyspaces.
PLACES = "_clew_places"


def read_server(place: Any) -> db_client.Server:
    return place.server  # type: ignore[no-any-return]


def whereabouts(session: Any) -> SimpleNamespace:
    name, places = session.keyspace, vars(session).setdefault(PLACES, {})
    if name not in places:
        cluster = session.cluster
        point = cluster.contact_points[0] if cluster.contact_points else None
        host, port = point if isinstance(point, tuple) else (point, cluster.port)
        server = db_client.Server("cassandra", None if host is None else str(host), port, name)
        places[name] = SimpleNamespace(server=server)
    return places[name]  # type: ignore[no-any-return]


def read_statement(session: Any, query: Any, *args: Any, **options: Any) -> db_client.Query:
    batch = getattr(query, "_statements_and_parameters", None)
    if batch is not None:
        return db_client.query("BATCH", of=whereabouts(session), batch=batch)
    prepared = getattr(query, "prepared_statement", query)  # a bound statement's, or one without parameters
    text = getattr(prepared, "query_string", prepared)
    return db_client.query(LITERALS.sub("?", text), of=whereabouts(session))


statement = db_client.statement(read_statement, read_server)
plugin = Plugin(
    "cassandra",
    versions=">=3.25",
    hooks=[
        patch("cassandra.cluster:Session.execute", statement),
        patch("cassandra.cluster:Session.execute_async", db_client.deferred(statement)),
    ],
)
