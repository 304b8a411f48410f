"""Database calls: https://opentelemetry.io/docs/specs/semconv/database/database-spans/ and their metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from opentelemetry.trace import SpanKind

from clew import failures, sql
from clew.conventions import keys
from clew.hooks import Action
from clew.operation import Attributes, Finished, Metric, Operation, Started
from clew.telemetry import Telemetry

FAMILY = "db.client"
DURATION = Metric(
    "db.client.operation.duration",
    "Duration of database client operations.",
    (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10),
)
DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "redis": 6379, "mongodb": 27017}
#: The attribute under which a connection remembers its server.
REMEMBERED = "_clew_server"


class Server(NamedTuple):
    """The database at the other end of a connection; address is None for a database inside the process."""

    system: str
    address: str | None = None
    port: int | None = None
    namespace: str | None = None


class Statement(NamedTuple):
    """One statement as it is sent."""

    text: str
    #: The connection it is sent over.
    of: Any = None
    #: The sequence of parameter sets, when one call runs the statement for each.
    batch: Any = None


def statement(
    read_statement: Callable[..., Statement | None],
    read_server: Callable[[Any], Server],
    read_code: Callable[[BaseException], str | None] | None = None,
) -> Operation:
    """One SQL statement. `read_server` runs once per connection; `read_code` gives a failure's SQLSTATE or the like."""
    code_of = read_code or _sqlstate
    attributes_of = _remembering(read_server)

    def start(*args: Any, **kwargs: Any) -> Started | None:
        read = read_statement(*args, **kwargs)
        if read is None:
            return None
        server, base = attributes_of(read.of)
        summary, text = sql.describe(read.text, server.system)
        attributes: Attributes = {**base, keys.DB_QUERY_TEXT: text}
        if summary:
            attributes[keys.DB_QUERY_SUMMARY] = summary
        if read.batch is not None:
            size = _size(read.batch)
            if size > 1:
                attributes[keys.DB_OPERATION_BATCH_SIZE] = size
        return summary or _target(server), attributes, (server, summary), None

    def finish(facts: tuple[Server, str], result: Any, error: BaseException | None) -> Finished:
        server, summary = facts
        if error is None:
            return {}, (server, summary, None, None), None, None
        kind, code = failures.type_name(error), code_of(error)
        attributes: Attributes = {keys.ERROR_TYPE: kind}
        if code:
            attributes[keys.DB_RESPONSE_STATUS_CODE] = code
        return attributes, (server, summary, code, kind), kind, None

    return Operation(FAMILY, SpanKind.CLIENT, start, finish, DURATION, _point)


def opened(read_database: Callable[..., Server]) -> Action:
    """Reads the server from the call that opens a connection, for `after`; its result comes first."""

    def action(telemetry: Telemetry) -> Callable[..., None]:
        def act(connection: Any, *args: Any, **kwargs: Any) -> None:
            server = read_database(connection, *args, **kwargs)
            _remember(connection, (server, _server_attributes(server)))

        return act

    return action


def _remembering(read_server: Callable[[Any], Server]) -> Callable[[Any], tuple[Server, Attributes]]:
    """Reads a connection's server once, and keeps the answer on the connection."""

    def read(connection: Any) -> tuple[Server, Attributes]:
        known: tuple[Server, Attributes] | None = getattr(connection, REMEMBERED, None)
        if known is None:
            server = read_server(connection)
            known = server, _server_attributes(server)
            _remember(connection, known)
        return known

    return read


def _remember(connection: Any, known: tuple[Server, Attributes]) -> None:
    try:
        setattr(connection, REMEMBERED, known)
    except (AttributeError, TypeError):  # a C type without room: it is read again next time
        pass


def _server_attributes(server: Server) -> Attributes:
    attributes: Attributes = {keys.DB_SYSTEM_NAME: server.system}
    if server.namespace:
        attributes[keys.DB_NAMESPACE] = server.namespace
    if server.address:
        attributes[keys.SERVER_ADDRESS] = server.address
        if server.port and server.port != DEFAULT_PORTS.get(server.system):
            attributes[keys.SERVER_PORT] = server.port
    return attributes


def _point(server: Server, summary: str, code: str | None, error: str | None) -> Attributes:
    attributes = _server_attributes(server)
    if summary:
        attributes[keys.DB_QUERY_SUMMARY] = summary
    if code:
        attributes[keys.DB_RESPONSE_STATUS_CODE] = code
    if error:
        attributes[keys.ERROR_TYPE] = error
    return attributes


def _target(server: Server) -> str:
    if server.namespace:
        return server.namespace
    return f"{server.address}:{server.port}" if server.address and server.port else server.system


def _size(batch: Any) -> int:
    try:
        return len(batch)
    except TypeError:  # an iterator: counting it would use it up
        return 0


def _sqlstate(error: BaseException) -> str | None:
    for name in ("sqlstate", "pgcode", "sqlite_errorname"):
        code = getattr(error, name, None)
        if isinstance(code, str):
            return code
    return None
