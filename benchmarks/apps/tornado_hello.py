"""A Tornado application with one handler and no work in it, on the server of Tornado: nothing else can call it."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler


class Hello(RequestHandler):
    async def get(self, name: str) -> None:
        self.write(f"Hello, {name}!")


application = Application([(r"/hello/(?P<name>[^/]+)", Hello)])


@asynccontextmanager
async def server(listening: socket.socket) -> AsyncIterator[None]:
    http = HTTPServer(application)
    http.add_socket(listening)
    yield
    http.stop()
    await http.close_all_connections()
