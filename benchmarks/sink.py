"""A process that receives OTLP over HTTP and counts what it was sent, per sender.

The sender is the first part of the path: a worker whose endpoint is http://127.0.0.1:PORT/flask.contrib posts to
/flask.contrib/v1/traces. `GET /flask.contrib` answers with its counts. Prints its port when it is ready; ends when its
standard input does.
"""

from __future__ import annotations

import gzip
import json
import sys
import threading
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import otlp


class Ledger:
    """What one sender has sent; spans count once, however often they arrive."""

    def __init__(self) -> None:
        self.span_ids: set[bytes] = set()
        self.counts: Counter[str] = Counter()

    def receive(self, signal: str, body: bytes) -> None:
        self.counts["requests"] += 1
        self.counts["bytes"] += len(body)
        if signal == "traces":
            ids = otlp.spans(body)
            self.span_ids.update(ids)
            self.counts["span_arrivals"] += len(ids)
        elif signal == "metrics":
            self.counts["points"] += otlp.points(body)
        elif signal == "logs":
            self.counts["logs"] += otlp.log_records(body)

    def summary(self) -> dict[str, int]:
        return {
            "spans": len(self.span_ids),
            "twice": self.counts["span_arrivals"] - len(self.span_ids),
            "points": self.counts["points"],
            "logs": self.counts["logs"],
            "requests": self.counts["requests"],
            "bytes": self.counts["bytes"],
        }


ledgers: defaultdict[str, Ledger] = defaultdict(Ledger)
one_at_a_time = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body of an answer leave in one segment

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        sender, _, rest = self.path.strip("/").partition("/")
        try:
            with one_at_a_time:
                ledgers[sender].receive(rest.rpartition("/")[2], body)
        except ValueError as error:
            self.answer(400, str(error).encode())
        else:
            self.answer(200, b"")

    def do_GET(self) -> None:
        with one_at_a_time:
            summary = ledgers[self.path.strip("/")].summary()
        self.answer(200, json.dumps(summary).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
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
