"""Follows clients of search engines that are asked over HTTP, as Elasticsearch and OpenSearch are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from sys import modules
from typing import Any
from urllib.parse import unquote

from clew.conventions import db_command
from clew.hooks import Action, Hook, instead
from clew.operation import Operation
from clew.redaction import origin_of

#: What an action of a path is called with each method, where that is not the action's own name.
NAMES = {
    "_doc": {"GET": "get", "HEAD": "exists", "PUT": "index", "POST": "index", "DELETE": "delete"},
    "_source": {"GET": "get_source", "HEAD": "exists_source"},
    "": {"GET": "info", "HEAD": "ping"},
    "index": {"GET": "indices.get", "HEAD": "indices.exists", "PUT": "indices.create", "DELETE": "indices.delete"},
}
#: Whose next word says what is done; what follows others may be an identifier.
SPACES = frozenset({"_cat", "_cluster", "_nodes", "_ml", "_security", "_ilm", "_plugins"})
#: Where a client's transport keeps the address that it was given.
BASE = "_clew_base"


def operation(
    system: str,
    read_call: Callable[..., tuple[Any, str, str, str | None]],
    read_base: Callable[[Any], str],
    read_status: Callable[[Any], str | None] | None = None,
) -> Operation:
    """One call of a client. `read_call` gives transport, method, path, and what the library itself calls it, if it
    tells; `read_base` the URL of the transport's first server, read once per transport."""

    def read(*args: Any, **options: Any) -> db_command.Command:
        transport, method, path, name = read_call(*args, **options)
        base = vars(transport).get(BASE)
        if base is None:
            base = vars(transport)[BASE] = read_base(transport)
        told, index, template = describe(method, path)
        return db_command.over_http(db_command.command(name or told, transport, index), method, base + template)

    def read_server(transport: Any) -> db_command.Server:
        _, host, port = origin_of(vars(transport)[BASE])
        return db_command.Server(system, host, port)

    return db_command.operation(read, read_server, read_code, read_status=read_status)


def read_code(error: BaseException) -> str | None:
    """The HTTP status; there is none where no answer came."""
    status = getattr(error, "status_code", None)
    return str(status) if isinstance(status, int) else None


def describe(method: str, path: str) -> tuple[str, str | None, str]:
    """Name, index and template of a path: `/items/_doc/7` is get, items, `/items/_doc/{id}`."""
    words = [word for word in path.partition("?")[0].split("/") if word]
    index = unquote(words[0])[:255] if words and not words[0].startswith("_") else None
    rest = words if index is None else words[1:]
    action = rest[0] if rest else "" if index is None else "index"
    known = action in SPACES and len(rest) > 1
    if action in NAMES:
        name = NAMES[action].get(method, method.lower())
    else:
        name = action.lstrip("_") + (f".{rest[1]}" if known else "")
    shown = [
        word if word.startswith("_") or (position == 1 and known) else "{id}" for position, word in enumerate(rest)
    ]
    return name, index, "/" + "/".join([*words[: len(words) - len(rest)], *shown])


def without_its_own(package: str, transport: str) -> list[Hook]:
    """Keeps a client quiet that makes spans by itself where it finds OpenTelemetry: it gets what it would get without.

    `transport` is the package that the span comes from which records nothing.
    """

    def read(*args: Any, **options: Any) -> Any:
        return modules[transport].OpenTelemetrySpan(None)

    silence = Action(read, nullcontext)
    return [
        instead(f"{package}._otel:OpenTelemetry.{name}", silence, optional=True) for name in ("span", "helpers_span")
    ]
