"""Follows the commands that an application sends to MongoDB with pymongo, sync and async."""

from collections.abc import Callable, Iterator
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

from clew import Plugin, patch, pooled
from clew.conventions import db, db_command, db_pool
from clew.operation import Operation

__all__ = ["plugin"]

#: The methods of a collection, by the command that they become. Nothing else is called inside the first ones.
BRIEF = {
    "insert_one": "insert",
    "replace_one": "update",
    **dict.fromkeys(("update_one", "update_many"), "update"),
    **dict.fromkeys(("delete_one", "delete_many"), "delete"),
    **{f"find_one_and_{change}": "findAndModify" for change in ("delete", "replace", "update")},
    "count_documents": "aggregate",
    "estimated_document_count": "count",
    "distinct": "distinct",
    "aggregate": "aggregate",
}
OTHERS = {
    **{f"{verb}_index": f"{verb}Indexes" for verb in ("create", "drop")},
    **{f"{verb}_indexes": f"{verb}Indexes" for verb in ("create", "drop", "list")},
    "drop": "drop",
    "rename": "renameCollection",
}
BATCHES = {"insert_many": "insert", "bulk_write": "bulkWrite"}
#: Where a client keeps what is known of its databases.
PLACES = "_clew_places"
read_server = attrgetter("server")


def whereabouts(database: Any) -> SimpleNamespace:
    client, name = database.client, database.name
    places = vars(client).setdefault(PLACES, {})
    if name not in places:
        # The first of several is what the application knows the others by.
        host, port = min(client.topology_description.server_descriptions(), key=str)
        places[name] = SimpleNamespace(server=db_command.Server("mongodb", host, port, name))
    return places[name]  # type: ignore[no-any-return]


def on_collection(name: str) -> Callable[..., db_command.Command]:
    def read(collection: Any, *args: Any, **options: Any) -> db_command.Command:
        return db_command.command(name, whereabouts(collection.database), collection.name)

    return read


def in_batch(name: str) -> Callable[..., db_command.Command]:
    def read(collection: Any, items: Any, *args: Any, **options: Any) -> db_command.Command:
        return db_command.command(name, whereabouts(collection.database), collection.name, db.size(items))

    return read


def read_query(cursor: Any) -> db_command.Command | None:
    """What comes when the first rows are looked at; that more of them are fetched is part of the same query."""
    if cursor.cursor_id is not None or not cursor.alive:
        return None
    return db_command.command("find", whereabouts(cursor.collection.database), cursor.collection.name)


def read_command(database: Any, command: Any, *args: Any, **options: Any) -> db_command.Command:
    return db_command.command(command if isinstance(command, str) else next(iter(command)), whereabouts(database))


def read_code(error: BaseException) -> str | None:
    code = getattr(error, "code", None)
    return None if code is None else str(code)


def read_pool(pool: Any) -> db_pool.Pool | None:
    if getattr(pool, "is_sdam", False) or not getattr(pool, "handshake", True):  # pymongo's own, to watch the server
        return None
    name, limit = ":".join(map(str, pool.address)), pool.max_pool_size
    return db_pool.Pool(name, pool.active_sockets, len(pool.conns), int(limit) if limit < float("inf") else None)


def operations() -> Iterator[tuple[str, Operation]]:
    """Class and method, and what a call of it is."""
    methods = [(BRIEF, on_collection, True), (OTHERS, on_collection, False), (BATCHES, in_batch, True)]
    for names, reader, brief in methods:
        for method, name in names.items():
            yield (
                f"collection:{{}}Collection.{method}",
                db_command.operation(reader(name), read_server, read_code, brief),
            )
    yield "cursor:{}Cursor._refresh", db_command.operation(read_query, read_server, read_code)
    yield "database:{}Database.command", db_command.operation(read_command, read_server, read_code)


# The classes were in pymongo itself before 4.9, and newer versions have them there, too, for who looks for them.
MODULES = {"pymongo": "", "pymongo.synchronous": "", "pymongo.asynchronous": "Async"}
plugin = Plugin(
    "pymongo",
    versions=">=4.0",
    instrumentor="clew_pymongo.instrumentor",
    hooks=[
        patch(f"{module}.{place.format(prefix)}", operation, optional=True)
        for place, operation in operations()
        for module, prefix in MODULES.items()
    ]
    + [pooled(f"{module}.pool:Pool._get_conn", read_pool, optional=True) for module in MODULES],
)
