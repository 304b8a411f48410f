"""The other end of an HTTP client under test: a real server that answers as its paths say."""

from __future__ import annotations

import json
import queue
import select
import socket
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


class Peer(ThreadingHTTPServer):
    """/items/N, /echo (its headers, as JSON), /status/N, /redirect, /elsewhere (to the same under another name),
    /flaky/KEY/N (503 N times), /stream, /endless (one chunk and no end), /hang (no answer), /drop (closes).

    It answers requests in absolute form as a proxy would, and tunnels to 127.0.0.1, but to nowhere else.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port: int = self.server_address[1]
        self.url = f"http{'' if certificate is None else 's'}://127.0.0.1:{self.port}"
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.elsewhere = f"http://localhost:{self.port}"
        #: How many connections were accepted.
        self.connections = 0
        #: The paths of requests that get no answer, as they arrive.
        self.hanging: queue.Queue[str] = queue.Queue()
        self.asked: Counter[str] = Counter()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Peer

    def _answer(self) -> None:
        if self.command == "CONNECT":
            self._tunnel()
            return
        target = self.path
        if target.startswith("http://"):
            target = target[target.index("/", 7) :]
        path = target.partition("?")[0]
        kind = path.split("/")[1]
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        {"stream": self._stream, "endless": self._endless, "hang": self._hang, "drop": self._drop}.get(
            kind, self._whole
        )(path)

    def _whole(self, path: str) -> None:
        status, headers = 200, {}
        if path.startswith("/status/"):
            status = int(path.rpartition("/")[2])
        elif path == "/redirect":
            status, headers = 302, {"Location": "/items/1"}
        elif path == "/elsewhere":
            status, headers = 302, {"Location": f"{self.server.elsewhere}/echo"}
        elif path.startswith("/flaky/"):
            self.server.asked[path] += 1
            status = 503 if self.server.asked[path] <= int(path.rpartition("/")[2]) else 200
        seen = {name.lower(): self.headers.get_all(name) for name in self.headers}
        body = json.dumps({**seen, "target": self.path}).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _chunks(self, *chunks: bytes) -> None:
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    def _stream(self, path: str) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._chunks(*[b"chunk"] * 5, b"")

    def _endless(self, path: str) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._chunks(b"chunk")
        self._wait_for_the_client_to_leave()

    def _tunnel(self) -> None:
        host, _, port = self.path.rpartition(":")
        if host != "127.0.0.1":
            self.send_error(403)
            return
        with socket.create_connection((host, int(port))) as other:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: other, other: self.connection}
            self.close_connection = True
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    chunk = end.recv(65536)
                    if not chunk:
                        return
                    ends[end].sendall(chunk)

    def _hang(self, path: str) -> None:
        self.server.hanging.put(path)
        self._wait_for_the_client_to_leave()

    def _drop(self, path: str) -> None:
        self.close_connection = True

    def _wait_for_the_client_to_leave(self) -> None:
        self.close_connection = True
        self.rfile.read(1)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # any method, also those that nobody knows
            return self._answer
        raise AttributeError(name)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def secure_peer() -> Iterator[Peer]:
    """A peer that speaks TLS, with a certificate that it has signed itself."""
    with TemporaryDirectory() as folder:
        made = Path(folder) / "peer.pem"
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=peer",
            "-keyout",
        ]
        subprocess.run([*command, str(made), "-out", f"{made}.crt"], check=True, capture_output=True, timeout=60)
        with made.open("ab") as whole:
            whole.write(Path(f"{made}.crt").read_bytes())
        with running_peer(made) as peer:
            yield peer


@contextmanager
def running_peer(certificate: Path | None = None) -> Iterator[Peer]:
    """A peer on a free port of 127.0.0.1, in a thread of the test; stopped at the end."""
    with Peer(certificate) as peer:
        thread = threading.Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield peer
        finally:
            peer.shutdown()
            thread.join()
