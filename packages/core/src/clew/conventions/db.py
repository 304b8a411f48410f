"""What the conventions of SQL statements and of the commands of other stores share: whose call it is, and where to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from clew.conventions import keys
from clew.hooks import Action
from clew.operation import Attributes, Metric

FAMILY = "db.client"
DURATION = Metric(
    "db.client.operation.duration",
    "Duration of database client operations.",
    (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10),
)
DEFAULT_PORTS = {
    "postgresql": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "microsoft.sql_server": 1433,
    "oracle.db": 1521,
    "redis": 6379,
    "valkey": 6379,
    "memcached": 11211,
    "mongodb": 27017,
    "elasticsearch": 9200,
    "opensearch": 9200,
    "cassandra": 9042,
}
#: The attribute under which a connection remembers its server.
REMEMBERED = "_clew_server"


class Server(NamedTuple):
    """The database at the other end of a connection; address is None for a database inside the process."""

    system: str
    address: str | None = None
    port: int | None = None
    namespace: str | None = None


class Known:
    """A connection's server with its attributes; compared by identity, so that it is a quick key."""

    __slots__ = ("attributes", "server")

    def __init__(self, server: Server) -> None:
        self.server, self.attributes = server, server_attributes(server)


def opened(read_database: Callable[..., Server]) -> Action:
    """Reads the server from the call that opens a connection, for `after`; its result comes first."""

    def read(connection: Any, *args: Any, **kwargs: Any) -> tuple[Any, Server]:
        return connection, read_database(connection, *args, **kwargs)

    return Action(read, lambda read: remember(*read))


def server_of(connection: Any) -> Server | None:
    """What is remembered of a connection."""
    found = known(connection)
    return None if found is None else found.server


def known(connection: Any) -> Known | None:
    """The same, with what it means."""
    found: Known | None = getattr(connection, REMEMBERED, None)
    if found is None and _roomless:
        try:
            return _roomless.get(connection)
        except TypeError:
            return None
    return found


#: One for each server, not for each connection.
_known: dict[Server, Known] = {}
#: Connections that nothing can be kept on.
_roomless: WeakKeyDictionary[Any, Known] = WeakKeyDictionary()


def remember(connection: Any, server: Server) -> Known:
    """Keeps a connection's server on the connection."""
    found = _known.get(server)
    if found is None:
        if len(_known) >= 1000:
            _known.clear()
        found = _known[server] = Known(server)
    try:
        setattr(connection, REMEMBERED, found)
    except (AttributeError, TypeError):  # an object without room
        try:
            _roomless[connection] = found
        except TypeError:  # nor for weak references: it is read again next time
            pass
    return found


def server_attributes(server: Server) -> Attributes:
    attributes: Attributes = {keys.DB_SYSTEM_NAME: server.system}
    if server.namespace:
        attributes[keys.DB_NAMESPACE] = server.namespace
    if server.address:
        attributes[keys.SERVER_ADDRESS] = server.address
        if server.port and server.port != DEFAULT_PORTS.get(server.system):
            attributes[keys.SERVER_PORT] = server.port
    return attributes


def target(server: Server) -> str:
    """What a call without a better name is named after."""
    if server.namespace:
        return server.namespace
    return f"{server.address}:{server.port}" if server.address and server.port else server.system


def size(batch: Any) -> int:
    """0 for an iterator: counting it would use it up."""
    return len(batch) if hasattr(batch, "__len__") else 0
