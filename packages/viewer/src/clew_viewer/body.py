"""Reads the body of an HTTP request within its limits: in size, in time and once it is inflated."""

from __future__ import annotations

import io
import socket
import time
import zlib
from email.message import Message
from typing import BinaryIO

from clew_viewer import limits
from clew_viewer.limits import RefusedError

_TOO_BIG = f"a body may have {limits.BODY_BYTES // limits.MIB} MiB on the wire; send smaller batches"
_TOO_BIG_INFLATED = f"a body may have {limits.INFLATED_BYTES // limits.MIB} MiB once inflated; send smaller batches"
_STEP = 64 * limits.KIB


class Arrival(io.RawIOBase):
    """Reads from a connection until a deadline, however slowly the bytes drip."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.expect_within(limits.IDLE_SECONDS)

    def expect_within(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        return self.connection.recv_into(buffer)


def announced_size(headers: Message) -> int | None:
    """The body's size on the wire, None for a chunked one.

    Raises RefusedError where the headers leave it open or it is too big.
    """
    coding, length = headers.get("Transfer-Encoding"), headers.get_all("Content-Length", [])
    if coding is not None:
        if coding.strip().lower() != "chunked" or length:
            raise RefusedError(400, "the only transfer encoding is chunked, and it has no Content-Length")
        return None
    if not length:
        raise RefusedError(411, "the request has neither Content-Length nor Transfer-Encoding: chunked")
    if len(length) > 1 or not (length[0].isascii() and length[0].isdigit()):
        raise RefusedError(400, "the Content-Length is not one number")
    if len(length[0]) > 9 or int(length[0]) > limits.BODY_BYTES:
        raise RefusedError(413, _TOO_BIG)
    return int(length[0])


def read(stream: BinaryIO, size: int | None) -> bytes:
    """The whole body as it is on the wire, of a size that announced_size() has found."""
    body = _chunked(stream) if size is None else stream.read(size)
    if size is not None and len(body) < size:
        raise RefusedError(400, "the body ended before its Content-Length")
    return body


def _chunked(stream: BinaryIO) -> bytes:
    body = bytearray()
    while size := _chunk_size(stream.readline(256)):
        if len(body) + size > limits.BODY_BYTES:
            raise RefusedError(413, _TOO_BIG)
        body += stream.read(size)
        if stream.readline(3) != b"\r\n":
            raise RefusedError(400, "the body is not chunked as HTTP/1.1 asks")
    for _ in range(limits.ATTRIBUTES):
        if stream.readline(limits.VALUE_CHARS) in (b"\r\n", b""):
            return bytes(body)
    raise RefusedError(400, "the body has too many trailers")


def _chunk_size(line: bytes) -> int:
    digits = line.split(b";", 1)[0].strip()
    if not line.endswith(b"\r\n") or not digits.isalnum() or len(digits) > 8:
        raise RefusedError(400, "the body is not chunked as HTTP/1.1 asks")
    try:
        return int(digits, 16)
    except ValueError:
        raise RefusedError(400, "the body is not chunked as HTTP/1.1 asks") from None


def inflate(body: bytes, encoding: str) -> bytes:
    """The body without its content encoding, inflated step by step so that a bomb is stopped at the limit."""
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise RefusedError(415, "the content encodings are gzip and none")
    gzip, inflated = zlib.decompressobj(wbits=31), bytearray()
    try:
        for at in range(0, len(body), _STEP):
            if gzip.eof:
                break
            inflated += gzip.decompress(body[at : at + _STEP], limits.INFLATED_BYTES + 1 - len(inflated))
            if len(inflated) > limits.INFLATED_BYTES:
                raise RefusedError(413, _TOO_BIG_INFLATED)
    except zlib.error:
        raise RefusedError(400, "the body is not gzip, though its Content-Encoding says so") from None
    if not gzip.eof or gzip.unused_data:
        raise RefusedError(400, "the body is not one whole gzip member")
    return bytes(inflated)
