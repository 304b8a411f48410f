"""A Flask application that gets headers as attackers write them. `attacked.py CASE`"""

import kit  # isort: split

import socket
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from flask import Flask
from opentelemetry import baggage

GOOD = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PARENT = b"traceparent: " + GOOD
CASES = {
    "traceparent": [
        [b"traceparent: " + value]
        for value in (
            GOOD.upper(), GOOD + b"-" + b"a" * 10_000, GOOD + b" x", b"ff" + GOOD[2:], b"\xe2\x82\xac" * 20, b"",
            b"00-" + b"0" * 32 + GOOD[35:], GOOD[:36] + b"0" * 16 + b"-01", GOOD + b"-extra", GOOD[:-1],
        )
    ]
    + [[PARENT, b"traceparent: 00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]],
    "tracestate": [
        [PARENT, b"tracestate: " + b",".join(b"B@d Key%d=\x01" % number for number in range(31))],
        [PARENT, b"tracestate: " + b",".join(b"k%d=v" % number for number in range(40))],
        [PARENT, b"tracestate: k=" + b"v" * 2000],
    ],
    "baggage": [
        [b"baggage: s3cr3t=" + b"v" * 9000],
        [b"baggage: " + b"," * 1200],
        [b"baggage: s3cr3t%d=%s" % (number, b"v" * 4000) for number in range(12)],
        [b"baggage: " + b"s3cr3t,=;%," * 600],
    ],
    "request-id": [
        [b"X-Request-ID: " + value]
        for value in (
            b"a=1 level=CRITICAL s3cr3t", b"\x1b[31ms3cr3t", b"s3cr3t" * 1500, "\u202es3cr3t\u2066".encode(), b"s3cr3t;",
            b"s3cr3t<script>",
        )
    ],
    "headers": [[b"Authorization: Bearer s3cr3t", b"Cookie: session=s3cr3t", b"X-Api-Key: s3cr3t", b"X-Forwarded-For: s3cr3t"]],
}  # fmt: skip
app = Flask("attacked")
members = []


@app.get("/")
def hello():
    members.append(len(baggage.get_all()))
    return "hello", {"Set-Cookie": "session=s3cr3t"}


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
for lines in CASES[sys.argv[1]]:
    with socket.create_connection(server.server_address, 10) as client:
        head = [b"GET / HTTP/1.1", b"Host: localhost", b"Connection: close", *lines]
        client.sendall(b"\r\n".join(head) + b"\r\n\r\n")
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    print(answer.partition(b"\r\n")[0])
server.shutdown()
kit.note(members=members)
