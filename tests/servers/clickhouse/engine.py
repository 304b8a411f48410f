# /// script
# requires-python = ">=3.10"
# dependencies = ["chdb-core-lite==26.5.0"]
# ///
"""ClickHouse's engine (chDB) behind as much of its HTTP interface as clients need: `engine.py PORT`."""

from __future__ import annotations

import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb.session import Session

#: An INSERT and the data that comes after it, which the engine takes from files only.
INSERT = re.compile(rb"\s*(INSERT\s.*?)\sFORMAT\s+(\w+)[ ;]*\n?(.*)", re.DOTALL | re.IGNORECASE)
CODE = re.compile(r"Code: (\d+)\. (?=DB::Exception: )")
NOT_FOUND = {"60", "81"}


class Engine:
    """One session, for one statement at a time."""

    def __init__(self) -> None:
        self.session, self.lock = Session(), threading.Lock()

    def answer(self, statement: bytes, options: dict[str, str]) -> bytes:
        parameters = {name[6:]: value for name, value in options.items() if name.startswith("param_")}
        with self.lock, tempfile.NamedTemporaryFile() as data:
            self.session.query(f"USE `{options.get('database', 'default')}`")
            found = INSERT.match(statement)
            if found is not None and found[3]:
                data.write(found[3])
                data.flush()
                statement = b"%s FROM INFILE '%s' FORMAT %s" % (found[1], data.name.encode(), found[2])
            form = options.get("default_format", "TabSeparated")
            return bytes(self.session.query(statement.decode(), form, params=parameters).bytes() or b"")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    engine = Engine()

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/ping":
            return self.send(200, b"Ok.\n", {})
        options = dict(parse_qsl(address.query, keep_blank_values=True))
        statement = b"\n".join(filter(None, (options.pop("query", "").encode(), self.body())))
        try:
            self.send(200, self.engine.answer(statement, options), {"X-ClickHouse-Timezone": "UTC"})
        except RuntimeError as error:
            code = found[1] if (found := CODE.search(str(error))) else "1002"
            text = f"{error} (version 26.5.1.1)\n".encode()
            self.send(404 if code in NOT_FOUND else 500, text, {"X-ClickHouse-Exception-Code": code})

    do_POST = do_GET

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():  # as the server has it
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write((b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n")

    def log_message(self, *args: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
