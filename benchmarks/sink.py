"""A process that receives OTLP, and what the agents of vendors send instead, and counts it per sender.

The sender is the first part of the path: a worker whose endpoint is http://127.0.0.1:PORT/flask.contrib posts to
/flask.contrib/v1/traces; the rest of the path tells which of protocols/ that is. `GET /flask.contrib` answers with its
counts. Prints its port when it is ready; ends when its standard input does.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import zlib
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from protocols import datadog, elastic, newrelic, opentelemetry, sentry
from protocols.ledger import Ledger

PROTOCOLS = (opentelemetry, datadog, newrelic, sentry, elastic)
AUTOMATIC = 32 + zlib.MAX_WBITS  # tells gzip and zlib apart

ledgers: defaultdict[str, Ledger] = defaultdict(Ledger)
one_at_a_time = threading.Lock()


def received(address: str, body: bytes) -> bytes:
    """Enters a body into the ledger of its sender, and answers as the server of its protocol does."""
    url = urlsplit(address)
    query = dict(parse_qsl(url.query))
    sender, _, rest = url.path.removeprefix("/").partition("/")
    if newrelic.SENDER in query:
        sender, rest = query[newrelic.SENDER], url.path.removeprefix("/")
    for protocol in PROTOCOLS:
        if re.fullmatch(protocol.PATHS, f"/{rest}"):
            ledger = ledgers[sender]
            ledger.counts["requests"] += 1
            ledger.counts["bytes"] += len(body)
            return protocol.receive(url.path, query, body, ledger)
    return b"{}"  # what else an agent tells, about itself


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body of an answer leave in one segment

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            if self.headers.get("Content-Encoding") in ("gzip", "deflate"):
                body = zlib.decompress(body, AUTOMATIC)
            with one_at_a_time:
                answer = received(self.path, body)
        except (ValueError, LookupError, TypeError, zlib.error) as error:
            print(f"{self.path}: {error!r}", file=sys.stderr)
            self.answer(400, str(error).encode())
        else:
            self.answer(200, answer)

    do_PUT = do_POST  # noqa: N815

    def do_GET(self) -> None:
        if self.path.count("/") > 1:  # an agent that asks for its configuration
            self.do_POST()
            return
        with one_at_a_time:
            summary = ledgers[self.path.strip("/")].summary()
        self.answer(200, json.dumps(summary).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if body else "application/x-protobuf")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


def main() -> None:
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
