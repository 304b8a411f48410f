"""Answers one connection's OTLP requests; whatever is not one gets a status and a sentence that says why."""

from __future__ import annotations

import io
import json
import socket
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from clew_viewer import body, decode, limits
from clew_viewer.limits import RefusedError

if TYPE_CHECKING:
    from clew_viewer.receiver import Receiver

_SIGNALS = {
    "/v1/traces": decode.TRACES,
    "/v1/logs": decode.LOGS,
    "/v1/metrics": decode.METRICS,
}
_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_GRPC_CODES = {400: 3, 408: 4, 413: 8, 415: 3, 429: 8}
_LINGER_SECONDS = 2.0


class Exchange(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "clew-view", ""
    disable_nagle_algorithm = True
    server: Any
    rfile: io.BufferedReader
    raw_requestline: bytes

    def setup(self) -> None:
        super().setup()
        self._arrival = body.Arrival(self.connection)
        self.rfile = io.BufferedReader(self._arrival)
        self._unread = False

    def handle_one_request(self) -> None:
        self._arrival.expect_within(limits.IDLE_SECONDS)
        super().handle_one_request()

    def parse_request(self) -> bool:
        self._arrival.expect_within(limits.ARRIVAL_SECONDS)
        return super().parse_request()

    def do_POST(self) -> None:
        try:
            self._unread = True
            self._check_sender()
            self._answer(200, *self._take())
        except RefusedError as refusal:
            self._refuse(refusal.status, refusal.sentence)
        except TimeoutError:
            self._refuse(408, f"a request has {limits.ARRIVAL_SECONDS:.0f} s to arrive")
        except OSError:
            self.close_connection = True

    def _check_sender(self) -> None:
        """Keeps web pages out: a foreign name that leads here (DNS rebinding), and scripts, which send an Origin."""
        port = self._receiver.port
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
            raise RefusedError(403, f"the Host has to be localhost:{port}")
        if "Origin" in self.headers:
            raise RefusedError(403, "requests from web pages are not taken")

    def _take(self) -> tuple[bytes, str]:
        """Reads, decodes and hands on one request; returns the answer's body and type."""
        if self.path not in _SIGNALS:
            raise RefusedError(404, "OTLP goes to /v1/traces, /v1/logs and /v1/metrics")
        kind = self.headers.get_content_type()
        if "Content-Type" not in self.headers or kind not in (_PROTOBUF, _JSON):
            raise RefusedError(415, f"the content types are {_PROTOBUF} and {_JSON}")
        size = body.announced_size(self.headers)
        held = limits.BODY_BYTES if size is None else size
        self._receiver.in_flight.take(held)
        try:
            received = body.read(self.rfile, size)
            self._unread = False
            return self._deliver(received, kind), kind
        finally:
            self._receiver.in_flight.give_back(held)

    def _deliver(self, received: bytes, kind: str) -> bytes:
        signal = _SIGNALS[self.path]
        encoding = self.headers.get("Content-Encoding", "").strip().lower()
        with self._receiver.decoding:  # one at a time: only one inflated body is in memory
            batch = decode.decode(signal, body.inflate(received, encoding), kind == _JSON)
        self._receiver.sink(batch)
        return decode.answer(signal, batch.refused, kind == _JSON)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server refuses by itself: methods that are not POST, and bytes that are not HTTP/1."""
        self._unread = True
        self.request_version = self.protocol_version  # or http.server leaves the status line out
        if code == 501:
            self._refuse(405, "OTLP is sent with POST")
        elif self.raw_requestline.startswith(b"\x16\x03"):
            self._refuse(400, "this port speaks plain HTTP, not TLS: use http:// in OTEL_EXPORTER_OTLP_ENDPOINT")
        elif self.raw_requestline.startswith(b"PRI * HTTP/2"):
            self._refuse(400, "this port does not speak gRPC: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf")
        else:
            self._refuse(code, message or "this is not HTTP/1.1")

    def _refuse(self, status: int, sentence: str) -> None:
        self._receiver.refused(status, sentence)
        self.close_connection = self.close_connection or self._unread
        headers = getattr(self, "headers", None)
        is_json = headers is not None and headers.get_content_type() == _JSON
        try:
            self._answer(status, _status(status, sentence, is_json), _JSON if is_json else _PROTOBUF)
        except OSError:
            self.close_connection = True

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.connection.settimeout(limits.ARRIVAL_SECONDS)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if status == 405:
            self.send_header("Allow", "POST")
        if status == 429:
            self.send_header("Retry-After", "1")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def finish(self) -> None:
        """Swallows what a refused sender is still sending, or it would see a reset instead of the reason."""
        super().finish()
        until = time.monotonic() + _LINGER_SECONDS
        try:
            self.connection.shutdown(socket.SHUT_WR)
            while self._unread and (left := until - time.monotonic()) > 0:
                self.connection.settimeout(left)
                if not self.connection.recv(limits.BODY_BYTES // 64):
                    break
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Says nothing: a viewer's terminal is for traces."""

    @property
    def _receiver(self) -> Receiver:
        receiver: Receiver = self.server.receiver
        return receiver


def _status(status: int, sentence: str, is_json: bool) -> bytes:
    """A google.rpc.Status message, as OTLP/HTTP asks for failures: code is field 1, message field 2."""
    code = _GRPC_CODES.get(status, 2)
    if is_json:
        return json.dumps({"code": code, "message": sentence}).encode()
    text = sentence.encode()
    return bytes((0x08, code, 0x12, len(text) & 127 | 128, len(text) >> 7)) + text
