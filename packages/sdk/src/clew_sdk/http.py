"""Just enough HTTP/1.1 to post a request: the standard library's client has no deadline for a whole exchange, and costs
30 ms and 5 MB to import (it reads headers with the e-mail parser)."""

from __future__ import annotations

import socket
from functools import partial
from typing import Any, NamedTuple

from clew_sdk.address import Address
from clew_sdk.deadline import Deadline
from clew_sdk.endpoint import Endpoint
from clew_sdk.native import original
from clew_sdk.proxy import proxy_for
from clew_sdk.tls import secured

CONNECT_TIMEOUT = 3.0
RESPONSE_BYTES = 4 << 20
_HEAD_BYTES = 64 << 10
_PIECE = 64 << 10


class Response(NamedTuple):
    """Header names are in lower case. `body` is empty when it was too long to read."""

    status: int
    headers: dict[str, str]
    body: bytes


class BrokenConnectionError(ConnectionError):
    """The peer went away. `silent` when it had not sent a byte of an answer."""

    def __init__(self, silent: bool) -> None:
        super().__init__("connection closed by the server")
        self.silent = silent


class Connection:
    """One kept-alive connection to one endpoint, used by one thread."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._proxy = proxy_for(endpoint.address)
        self._socket: Any = None

    def post(self, headers: list[tuple[str, str]], body: bytes, deadline: Deadline) -> Response:
        """Raises OSError (TimeoutError at the deadline) when there is no complete answer.

        A server may close an idle connection at any time, so a reused one that breaks at once is replaced once.
        """
        head = self._head(headers, len(body))
        reused = self._socket is not None
        try:
            return self._exchange(head, body, deadline)
        except (BrokenConnectionError, ConnectionError) as error:
            self.close()
            if not reused or not getattr(error, "silent", True):
                raise
        except BaseException:
            self.close()
            raise
        try:
            return self._exchange(head, body, deadline)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            try:
                connection.close()
            except OSError:
                pass

    def _head(self, headers: list[tuple[str, str]], length: int) -> bytes:
        address = self._endpoint.address
        lines = [f"POST {self._target()} HTTP/1.1", f"Host: {_authority(address)}", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if self._proxy is not None and address.scheme == "http":
            lines += _proxy_login(self._proxy)
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _target(self) -> str:
        address = self._endpoint.address
        if self._proxy is not None and address.scheme == "http":
            return f"http://{_authority(address)}{address.path}"
        return address.path

    def _exchange(self, head: bytes, body: bytes, deadline: Deadline) -> Response:
        if self._socket is None:
            self._socket = self._connect(deadline)
        connection = self._socket
        if len(body) < _PIECE:
            _send(connection, head + body, deadline)
        else:
            _send(connection, head, deadline)
            _send(connection, body, deadline)
        return self._answer(Reader(connection, deadline))

    def _answer(self, reader: Reader) -> Response:
        status, version, headers = reader.head()
        while 100 <= status < 200:
            status, version, headers = reader.head()
        body, whole = reader.body(status, headers)
        closing = headers.get("connection", "").lower()
        if not whole or closing == "close" or (version < "HTTP/1.1" and closing != "keep-alive"):
            self.close()
        return Response(status, headers, body)

    def _connect(self, deadline: Deadline) -> Any:
        address = self._endpoint.address
        opened = _open(self._proxy or address, deadline)
        try:
            if address.scheme == "https":
                if self._proxy is not None:
                    self._tunnel(opened, deadline)
                opened.settimeout(deadline.left())
                return secured(opened, address.host, self._endpoint.tls)
        except BaseException:
            opened.close()
            raise
        return opened

    def _tunnel(self, opened: Any, deadline: Deadline) -> None:
        assert self._proxy is not None
        address = self._endpoint.address
        target = f"{address.host}:{address.port}"
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", *_proxy_login(self._proxy)]
        _send(opened, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), deadline)
        status, _, _ = Reader(opened, deadline).head()
        if status != 200:
            raise ConnectionError(f"the proxy answered {status}")


class Reader:
    """Reads one answer within a deadline and within `RESPONSE_BYTES`."""

    def __init__(self, connection: Any, deadline: Deadline) -> None:
        self._connection, self._deadline = connection, deadline
        self._buffer = b""
        self._silent = True
        self._read = 0

    def head(self) -> tuple[int, str, dict[str, str]]:
        """Status, version and headers."""
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, _, rest = lines[0].partition(" ")
        status = rest[:3]
        if not version.startswith("HTTP/1.") or not (status.isascii() and status.isdigit()):
            raise ConnectionError("the answer is no HTTP")
        pairs = (line.partition(":") for line in lines[1:])
        return int(status), version, {name.strip().lower(): value.strip() for name, _, value in pairs}

    def body(self, status: int, headers: dict[str, str]) -> tuple[bytes, bool]:
        """The body, and whether it was read to its end so that the connection can be used again."""
        if status in (204, 304):
            return b"", True
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            return self._rest(), False
        if int(length) > RESPONSE_BYTES:
            return b"", False
        return self._exactly(int(length)), True

    def _chunks(self) -> tuple[bytes, bool]:
        chunks: list[bytes] = []
        while True:
            try:
                size = int(self._until(b"\r\n").partition(b";")[0], 16)
            except ValueError:
                raise ConnectionError("the answer is no HTTP") from None
            if size < 0 or self._read + size > RESPONSE_BYTES:
                return b"", False
            if size == 0:
                while self._until(b"\r\n"):
                    pass
                return b"".join(chunks), True
            chunks.append(self._exactly(size))
            self._exactly(2)

    def _rest(self) -> bytes:
        try:
            while len(self._buffer) <= RESPONSE_BYTES:
                self._more()
        except BrokenConnectionError:
            return self._buffer
        return b""

    def _until(self, end: bytes) -> bytes:
        while True:
            found, mark, rest = self._buffer.partition(end)
            if mark:
                self._buffer = rest
                return found
            if len(self._buffer) > _HEAD_BYTES:
                raise ConnectionError("the answer's head does not end")
            self._more()

    def _exactly(self, size: int) -> bytes:
        pieces, missing = [self._buffer[:size]], size - len(self._buffer)
        self._buffer = self._buffer[size:]
        while missing > 0:
            piece = self._receive(min(missing, _PIECE))
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def _more(self) -> None:
        self._buffer += self._receive(_PIECE)

    def _receive(self, size: int) -> bytes:
        piece: bytes = self._deadline.wait_for(self._connection, partial(self._connection.recv, size))
        if not piece:
            raise BrokenConnectionError(self._silent)
        self._silent = False
        self._read += len(piece)
        return piece


def _send(connection: Any, data: bytes, deadline: Deadline) -> None:
    view = memoryview(data)
    while view:
        view = view[deadline.wait_for(connection, partial(connection.send, view[: 4 * _PIECE])) :]


def _open(address: Address, deadline: Deadline) -> Any:
    """A connected socket of the operating system's, whichever the module has become."""
    deadline = deadline.within(CONNECT_TIMEOUT)
    failure: OSError = OSError("no address")
    resolve, make = original("socket", "getaddrinfo"), original("socket", "socket")
    for family, kind, protocol, _, where in resolve(address.host, address.port, 0, socket.SOCK_STREAM):
        opened = make(family, kind, protocol)
        try:
            opened.settimeout(deadline.left())
            opened.connect(where)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
        except OSError as error:
            opened.close()
            failure = error
    raise failure


def _authority(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port}"


def _proxy_login(proxy: Address) -> list[str]:
    if not proxy.login:
        return []
    from base64 import b64encode

    from clew_sdk.parsing import percent_decoded

    return [f"Proxy-Authorization: Basic {b64encode(percent_decoded(proxy.login).encode()).decode()}"]
