"""The application that the contract of servers asks for, without any framework: by WSGI and by ASGI."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import clew
from clew.testing.contracts.http_server import endless, inner

logger = logging.getLogger("shop")


def answer(path: str) -> tuple[int, Iterable[bytes]]:
    """Status and body."""
    first, _, rest = path[1:].partition("/")
    if first == "items":
        return 200, [clew.current_request_id().encode()]
    if first == "status":
        return int(rest), [b""]
    if first == "boom":
        _fail()
    if first == "stream":
        return 200, (b"chunk" for _ in range(5))
    if first == "endless":
        return 200, endless()
    if first == "log":
        logger.info("hello")
        return 200, [b""]
    if first == "inner":
        inner()
        return 200, [b""]
    return 404, [b""]


def _fail() -> None:
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        logger.error("failed")
        raise


def by_wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    status, body = answer(environ["PATH_INFO"])
    start_response(f"{status} {HTTPStatus(status).phrase}", [("Content-Type", "text/plain")])
    return body


async def by_asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await _echo(receive, send)
        return
    status, body = answer(scope["path"])
    await send({"type": "http.response.start", "status": status, "headers": []})
    for chunk in body:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _echo(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif message["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        else:
            return
