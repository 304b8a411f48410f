"""Receives OTLP over HTTP on the loopback addresses, and hands what it decoded to a sink."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from clew_viewer import limits
from clew_viewer.exchange import Exchange
from clew_viewer.limits import RefusedError
from clew_viewer.records import Batch

Sink = Callable[[Batch], None]
Complaint = Callable[[int, str], None]

_PORT_TRIES = 20
_BUSY = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Receiver:
    """The open ports, 127.0.0.1 and where there is one ::1, and the threads that serve them.

    Raises OSError when the port is taken; port 0 takes a free one.
    """

    def __init__(self, sink: Sink, port: int = 4318, refused: Complaint = lambda status, sentence: None) -> None:
        self.sink = sink
        self.refused = refused
        self.in_flight = Allowance(limits.IN_FLIGHT_BYTES)
        self.connections = threading.BoundedSemaphore(limits.CONNECTIONS)
        self.decoding = threading.Lock()
        self._servers = _open(self, port)
        self.port: int = self._servers[0].server_address[1]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), name="clew-view", daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://localhost:{self.port}"

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


class Allowance:
    """An amount that many threads take from and give back to."""

    def __init__(self, amount: int) -> None:
        self._left = amount
        self._lock = threading.Lock()

    def take(self, amount: int) -> None:
        with self._lock:
            if amount > self._left:
                raise RefusedError(429, f"{limits.IN_FLIGHT_BYTES // limits.MIB} MiB are arriving already; try again")
            self._left -= amount

    def give_back(self, amount: int) -> None:
        with self._lock:
            self._left += amount


class _Server(ThreadingMixIn, TCPServer):
    """One listening socket; not http.server's own, which asks a name server for the machine's name."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = os.name == "posix"
    allow_reuse_port = False  # a second viewer on the same port would take half of the first one's traces
    request_queue_size = limits.CONNECTIONS

    def __init__(self, receiver: Receiver, address: tuple[str, int]) -> None:
        self.receiver = receiver
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Exchange)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self.receiver.connections.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.receiver.refused(429, f"{limits.CONNECTIONS} connections are open already")
            with suppress(OSError):
                request.sendall(_BUSY)
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.receiver.connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says what ended a connection; the others go on."""
        self.receiver.refused(500, f"a connection broke off: {sys.exc_info()[1]!r}")


def _open(receiver: Receiver, port: int) -> list[_Server]:
    """Opens both loopback addresses on one port, because exporters that say localhost may try either first."""
    for tries_left in reversed(range(_PORT_TRIES if port == 0 else 1)):
        first = _Server(receiver, ("127.0.0.1", port))
        try:
            return [first, _Server(receiver, ("::1", first.server_address[1]))]
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return [first]
            first.server_close()
            if not tries_left:
                raise
    raise AssertionError("unreachable")
