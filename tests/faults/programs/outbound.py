"""Calls to a host of one's own and to a stranger, and one that is sent on from the one to the other."""

import kit  # isort: split

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import requests
from opentelemetry import baggage, context

seen = {}


class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        seen[self.path] = dict(self.headers)
        self.send_response(302 if "redirect" in self.path else 200)
        if "redirect" in self.path:
            self.send_header("Location", f"{stranger}/{self.path.rpartition('-')[2]}-sent-on")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
threading.Thread(target=server.serve_forever, daemon=True).start()
own, stranger = (f"http://{host}:{server.server_port}" for host in ("localhost", "127.0.0.1"))
context.attach(baggage.set_baggage("user", "s3cr3t"))
for name, get in (("requests", requests.get), ("httpx", lambda url: httpx.get(url, follow_redirects=True))):
    for url in (f"{own}/{name}-own", f"{stranger}/{name}-stranger", f"{own}/redirect-{name}"):
        print(get(url).status_code)
server.shutdown()
kit.note(seen={path: sorted(name.lower() for name in headers) for path, headers in seen.items()})
