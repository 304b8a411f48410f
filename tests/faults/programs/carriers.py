"""Requests whose headers are signed, bytes, tuples, read-only, or there already."""

import hashlib
import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType

import httpx
import kit
import requests
from requests.auth import AuthBase

seen = []


class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        seen.append(self.headers)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"


def signature(names, headers):
    told = "\n".join(f"{name}:{headers[name]}" for name in names)
    return hmac.new(b"key", told.encode(), hashlib.sha256).hexdigest()


class Signed(AuthBase):
    """Signs the headers that there are when the request is prepared, as SigV4 does."""

    def __call__(self, request):
        names = sorted(name.lower() for name in request.headers)
        request.headers["Signed-Headers"] = ";".join(names)
        request.headers["Signature"] = signature(names, request.headers)
        return request


requests.get(url, auth=Signed(), headers={"X-Own": "1"}, timeout=10)
got = seen[-1]
print("signed", signature(got["Signed-Headers"].split(";"), got) == got["Signature"])
given = MappingProxyType({"X-Own": "2"})
requests.get(url, headers=given, timeout=10)
print("read-only", seen[-1]["X-Own"], dict(given))
requests.get(url, headers={b"X-Own": b"3"}, timeout=10)
print("bytes", seen[-1]["X-Own"])
httpx.get(url, headers=[("X-Own", "4"), ("X-Own", "5")])
print("tuples", seen[-1].get_all("X-Own"))
httpx.get(url, headers={b"x-own": b"6"})
print("bytes", seen[-1].get_all("X-Own"))
own = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
requests.get(url, headers=own, timeout=10)
print("there already", len(seen[-1].get_all("traceparent")), own)
with httpx.Client(headers=own) as client:
    client.get(url)
    client.get(url)
    print("there already", len(seen[-1].get_all("traceparent")))
kit.note(followed=bool(seen[0].get("traceparent")))
server.shutdown()
kit.work(1)
