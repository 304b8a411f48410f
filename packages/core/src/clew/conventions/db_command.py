"""Commands of key-value, document and search stores: the part of the database conventions that is not about SQL.

https://opentelemetry.io/docs/specs/semconv/database/database-spans/ and their metric. What a command is about (keys,
documents, bodies) is never read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.trace import SpanKind

from clew.conventions import db, keys
from clew.conventions.db import DURATION, FAMILY, REMEMBERED, Known
from clew.conventions.db import Server as Server
from clew.conventions.db import opened as opened
from clew.operation import Attributes, Closing, Opening, Operation

#: Method and URL of a command that goes over HTTP.
Http = tuple[str, str]
#: Name, connection, collection, size of the batch, whether it is to be counted, how it goes over HTTP.
Command = tuple[str, Any, "str | None", "int | None", bool, "Http | None"]


def command(
    name: str, of: Any = None, collection: str | None = None, batch: int | None = None, counted: bool = True
) -> Command:
    """One command as it is sent over `of`: a connection, pool or client. There may be only few names and collections.

    `batch` is the number of commands that go out as one; `counted` is false where the library itself keeps the metric.
    """
    return name, of, collection, batch, counted, None


def over_http(command: Command, method: str, url: str) -> Command:
    """The same command with its request; the URL has placeholders for what names one document."""
    return *command[:5], (method, url)


def operation(
    read_command: Callable[..., Command | None],
    read_server: Callable[[Any], Server],
    read_code: Callable[[BaseException], str | None] | None = None,
    innermost: bool = False,
    read_status: Callable[[Any], str | None] | None = None,
) -> Operation:
    """One command with all that the library does for it. `read_server` runs once per connection; `read_code` gives the
    store's own name for a failure, `read_status` what it answers with otherwise.

    `innermost`: the watched function calls no other function that is watched.
    """

    def settle(read: Command) -> _Facts:
        name, connection, collection, batch, counted, http = read
        known = getattr(connection, REMEMBERED, None) or db.remember(connection, read_server(connection))
        return name, known, collection, batch, counted, http

    return Operation(
        FAMILY, SpanKind.CLIENT, read_command, _opening, _closing, DURATION, _point,
        settle=settle, read_error=read_code, read_result=read_status, innermost=innermost, heading="db",
        slow=True,
    )  # fmt: skip


#: The command with its connection's server.
_Facts = tuple[str, Known, "str | None", "int | None", bool, "Http | None"]


def _opening(facts: _Facts) -> Opening:
    name, known, collection, batch, _, http = facts
    attributes: Attributes = {**known.attributes, keys.DB_OPERATION_NAME: name}
    if collection:
        attributes[keys.DB_COLLECTION_NAME] = collection
    if batch is not None and batch > 1:
        attributes[keys.DB_OPERATION_BATCH_SIZE] = batch
    if http is not None:
        attributes[keys.HTTP_REQUEST_METHOD], attributes[keys.URL_FULL] = http
    return f"{name} {collection}" if collection else name, attributes


def _closing(facts: _Facts, opened: Attributes, code: str | None, kind: str | None) -> Closing:
    name, known, collection, _, counted, _ = facts
    attributes: Attributes = {keys.DB_RESPONSE_STATUS_CODE: code} if code else {}
    if kind is None:
        code = None  # of the metric it is a label for failures alone
    else:
        attributes[keys.ERROR_TYPE] = kind
    return attributes, (known.server, name, collection, code, kind) if counted else None, kind, None


def _point(server: Server, name: str, collection: str | None, code: str | None, error: str | None) -> Attributes:
    attributes: Attributes = {**db.server_attributes(server), keys.DB_OPERATION_NAME: name}
    if collection:
        attributes[keys.DB_COLLECTION_NAME] = collection
    if code:
        attributes[keys.DB_RESPONSE_STATUS_CODE] = code
    if error:
        attributes[keys.ERROR_TYPE] = error
    return attributes
