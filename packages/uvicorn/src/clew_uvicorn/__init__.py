"""Follows the requests that reach any ASGI application on uvicorn."""

from clew import Plugin, door, flush_after
from clew.conventions import http_server

__all__ = ["plugin"]

PROTOCOLS = (
    "http.h11_impl:H11Protocol",
    "http.httptools_impl:HttpToolsProtocol",
    "http.zttp_impl:ZttpProtocol",
    "http.zttp_h2_impl:ZttpH2Protocol",
    "websockets.websockets_impl:WebSocketProtocol",
    "websockets.websockets_sansio_impl:WebSocketsSansIOProtocol",
    "websockets.wsproto_impl:WSProtocol",
)
plugin = Plugin(
    "uvicorn",
    versions=">=0.23",
    hooks=[
        *(
            door(f"uvicorn.protocols.{protocol}.app", http_server.asgi, optional=protocol.startswith("http.zttp"))
            for protocol in PROTOCOLS
        ),
        # It raises the signal that ended it once more, and as gunicorn's worker the signal then ends the process.
        flush_after("uvicorn.server:Server.shutdown"),
    ],
)
