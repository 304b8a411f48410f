"""Libraries that clew has no plugin for are followed by opentelemetry-python-contrib's, where that is installed."""

from clew_cli.entrypoints import EntryPoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

GROUP = "opentelemetry_instrumentor"
#: Instrumentors that are not called as the module that they watch.
MODULES = {
    "aio-pika": "aio_pika",
    "aiohttp-client": "aiohttp",
    "aiohttp-server": "aiohttp",
    "grpc_aio_client": "grpc",
    "grpc_aio_server": "grpc",
    "grpc_client": "grpc",
    "grpc_server": "grpc",
    "mysqlclient": "MySQLdb",
    "threading": "contextvars",
    "urllib": "http.client",
}


def remaining(instrumentors: "Iterable[EntryPoint]", ours: "Iterable[EntryPoint]") -> "dict[str, list[EntryPoint]]":
    """The instrumentors that have no plugin of ours beside them, by the module whose import they wait for.

    Never both for one library: what the plugin watches, or is called after, is ours.
    """
    taken = {entry.name for entry in ours} | {entry.distribution.removeprefix("clew-") for entry in ours}
    found: dict[str, list[EntryPoint]] = {}
    for instrumentor in instrumentors:
        if instrumentor.distribution.startswith("clew-"):  # our own, for who calls them by the incumbent's names
            continue
        module = MODULES.get(instrumentor.name, instrumentor.name)
        if not {module, instrumentor.name} & taken:
            found.setdefault(module, []).append(instrumentor)
    return found


def starter(entry: EntryPoint) -> "Callable[[], object]":
    """Instruments as opentelemetry-instrument does; a library of an unsupported version is its own affair."""

    def instrument() -> object:
        make = entry.load()
        assert callable(make)
        return make().instrument()

    return instrument
