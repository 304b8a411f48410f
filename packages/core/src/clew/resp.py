"""Follows clients of the Redis protocol: redis-py, and valkey-py, which is the same under other names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from sys import modules
from typing import Any

from clew.conventions import db_command, db_pool
from clew.hooks import Hook, patch
from clew.operation import Operation
from clew.pooling import pooled

#: Commands whose second word says what they do; what follows all others is a key.
CONTAINERS = frozenset({
    "ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DEBUG", "FUNCTION", "LATENCY", "MEMORY", "MODULE", "OBJECT",
    "PUBSUB", "SCRIPT", "SENTINEL", "SLOWLOG", "XGROUP", "XINFO",
})  # fmt: skip
#: Nothing but credentials.
NEVER = frozenset({"AUTH", "HELLO"})
#: What waits until there is something, or until the time is over that the application has given it.
WAITING = frozenset({
    "BLMOVE", "BLMPOP", "BLPOP", "BRPOP", "BRPOPLPUSH", "BZMPOP", "BZPOPMAX", "BZPOPMIN", "WAIT", "WAITAOF", "XREAD",
    "XREADGROUP",
})  # fmt: skip
_WORD = re.compile(r"[A-Z][A-Z0-9_.\-]{0,31}")
_CODE = re.compile(r"(?:.* caused error: )?([A-Z]{2,20}) ", re.DOTALL)
Where = Callable[[Any], Any]


def hooks(package: str, client: str) -> Iterator[Hook]:
    """For the package whose main class is `client`."""
    counted, read_pool = _counted(package, "COMMAND"), _pools(package)
    pool, nodes = attrgetter("connection_pool"), attrgetter("nodes_manager")
    command = _command(package, pool, counted, innermost=True)
    pipeline = _pipeline(package, pool, counted)
    # What may send more than one command on its way: to find a node, to subscribe again.
    subscription = _command(package, pool, counted)
    to_cluster = _command(package, nodes, counted)
    to_nodes = _pipeline(package, lambda pipeline: nodes(getattr(pipeline, "_client", pipeline)), counted)
    of_cluster = _command(package, attrgetter("cluster.nodes_manager"), counted)
    for module in (package, f"{package}.asyncio"):
        yield patch(f"{module}.client:{client}.execute_command", command)
        yield patch(f"{module}.client:Pipeline.immediate_execute_command", command)
        yield patch(f"{module}.client:Pipeline.execute", pipeline)
        yield patch(f"{module}.client:PubSub.execute_command", subscription)
        yield patch(f"{module}.cluster:{client}Cluster.execute_command", to_cluster)
        yield patch(f"{module}.cluster:ClusterPipeline.execute", to_nodes)
        yield patch(f"{module}.cluster:ClusterPubSub.execute_command", of_cluster, optional=True)
        # One that does not block is known once it opens a connection, which costs the calls nothing.
        yield pooled(f"{module}.connection:ConnectionPool.make_connection", read_pool, waits=False)
        yield pooled(f"{module}.connection:BlockingConnectionPool.get_connection", read_pool)


def read_code(error: BaseException) -> str | None:
    """The first word of the server's answer, which the library may have taken off already."""
    code: str | None = getattr(error, "status_code", None)
    if code is None:
        found = _CODE.match(str(error))
        code = found[1] if found else "ERR" if type(error).__name__ == "ResponseError" else None
    return code


def _command(package: str, where: Where, counted: Callable[[], bool], innermost: bool = False) -> Operation:
    def read(client: Any, *args: Any, **options: Any) -> db_command.Command | None:
        name = _names.get(args[0]) or _name(args[0])
        return None if name in NEVER else db_command.command(name, where(client), counted=counted())

    return db_command.operation(read, _server(package), read_code, innermost)._replace(waits=_waits)


def _waits(facts: Any) -> bool:
    return facts[0] in WAITING


def _pipeline(package: str, where: Where, counted: Callable[[], bool]) -> Operation:
    def read(pipeline: Any, *args: Any, **options: Any) -> db_command.Command | None:
        commands, kind = _stack(pipeline)
        if not commands:
            return None
        first, *others = map(_first_word, commands)
        name = kind if any(other != first for other in others) else f"{kind} {first}"
        return db_command.command(name, where(pipeline), batch=len(commands), counted=counted())

    return db_command.operation(read, _server(package), read_code)


def _counted(package: str, *groups: str) -> Callable[[], bool]:
    """Whether we are to count: redis-py does, since 7.2, when the application has asked it for such metrics."""
    name = f"{package}.observability.providers"

    def counted() -> bool:
        providers = modules.get(name)
        if providers is None:
            return True
        manager = providers.get_observability_instance().get_provider_manager()
        if manager is None:
            return True
        chosen = manager.config.metric_groups
        return not any(type(chosen)[group] in chosen for group in groups)

    return counted


def _server(system: str) -> Callable[[Any], db_command.Server]:
    def read(where: Any) -> db_command.Server:
        nodes = getattr(where, "startup_nodes", None)
        if nodes:
            node = next(iter(nodes.values()))
            return db_command.Server(system, node.host, int(node.port), "0")
        how = where.connection_kwargs
        # The address behind a Sentinel is another one after a failover.
        host = None if hasattr(where, "sentinel_manager") else how.get("host", "localhost")
        return db_command.Server(system, how.get("path", host), int(how.get("port", 6379)), str(how.get("db") or 0))

    return read


def _pools(package: str) -> Callable[[Any], db_pool.Pool | None]:
    server_of, counted = _server(package), _counted(package, "CONNECTION_BASIC", "CONNECTION_ADVANCED")

    def read(pool: Any) -> db_pool.Pool | None:
        if not counted():
            return None
        if hasattr(pool, "_available_connections"):
            used, idle = len(pool._in_use_connections), len(pool._available_connections)
        else:  # what nobody uses stands in its queue, with nothing for each connection that it may still open
            places = pool.pool.queue if hasattr(pool.pool, "queue") else pool.pool._queue  # asyncio's
            idle = sum(connection is not None for connection in list(places))
            used = len(pool._connections) - idle
        name = getattr(pool, "service_name", None) or db_pool.name_of(server_of(pool))
        return db_pool.Pool(name, used, idle, pool.max_connections if pool.max_connections < 2**31 else None)

    return read


def pool_of(client: Any, *command: Any) -> Any:
    """What a client has in common with its pipelines."""
    names = ("connection_pool", "nodes_manager", "_client", "cluster_client")
    return next((found for name in names if (found := getattr(client, name, None)) is not None), client)


def _stack(pipeline: Any) -> tuple[Sequence[Any], str]:
    """The commands that a pipeline holds, and how it will send them."""
    strategy = getattr(pipeline, "_execution_strategy", pipeline)  # newer clusters' pipelines have one
    names = ("command_queue", "_command_queue", "command_stack", "_command_stack")
    commands = next((found for name in names if (found := getattr(strategy, name, None)) is not None), ())
    kinds = ("transaction", "is_transaction", "explicit_transaction")
    whole = any(getattr(strategy, kind, False) is True for kind in kinds)
    return commands, "MULTI" if whole or type(strategy).__name__ == "TransactionStrategy" else "PIPELINE"


def _first_word(command: Any) -> str:
    return _name((command[0] if isinstance(command, tuple) else command.args)[0])


_names: dict[Any, str] = {}


def _name(given: Any) -> str:
    """The command in capitals, without anything that could be a key."""
    name = _names.get(given)
    if name is None:
        text = given.decode("ascii", "replace") if isinstance(given, bytes) else str(given)
        words = text[:100].upper().split()[:2] or [""]
        words = words if words[0] in CONTAINERS else words[:1]
        name = " ".join(words) if all(map(_WORD.fullmatch, words)) else "OTHER"
        if len(_names) < 1000:
            _names[given] = name
    return name
