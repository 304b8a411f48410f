"""Bodies that are made bit by bit: large ones, broken off ones, files. `streams.py MEGABYTES`"""

import kit  # isort: split

import asyncio
import io
import sys

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from flask import Flask, Response

size = int(sys.argv[1])
closed = []
app = Flask("streams")


class Body:
    def __init__(self, number):
        self.left = number

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        self.left -= 1
        return b"x" * 65536

    def close(self):
        closed.append(self.left)


@app.get("/<int:number>")
def stream(number):
    return Response(Body(number))


@app.get("/file")
def file():
    from flask import send_file

    return send_file(io.BytesIO(b"y" * 100_000), mimetype="text/plain")


def wsgi(path, take=None):
    """Calls the application as a server does; returns chunks and bytes, after closing the body."""
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "a", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "QUERY_STRING": "",
        "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip
    body = app(environ, lambda status, headers, error=None: None)
    chunks = total = 0
    for chunk in body:
        chunks, total = chunks + 1, total + len(chunk)
        if chunks == take:
            break
    if hasattr(body, "close"):
        body.close()
    return chunks, total


wsgi("/16")
before = kit.memory()
print(wsgi(f"/{size * 16}"), closed)
grown = kit.memory() - before
print(wsgi("/100", take=3), closed, wsgi("/file"))

api = FastAPI()
state = []


@api.get("/")
async def slow():
    async def numbers():
        try:
            for number in range(1000):
                yield f"{number}\n"
                await asyncio.sleep(0)
        finally:
            state.append("closed")

    return StreamingResponse(numbers())


async def asgi():
    """A client that leaves after ten messages."""
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "GET",
        "path": "/", "raw_path": b"/", "query_string": b"", "headers": [], "scheme": "http", "server": ("a", 80),
        "client": ("b", 1), "root_path": "",
    }  # fmt: skip
    sent = []

    async def receive():
        await asyncio.sleep(10 if len(sent) < 10 else 0)
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if len(sent) == 10:
            raise OSError("the client has left")

    try:
        await api(scope, receive, send)
    except BaseException as error:
        print(type(error).__name__)
    print(len(sent), sent[1]["body"])


asyncio.run(asyncio.wait_for(asgi(), 20))
kit.note(grown=grown, closed=state)
kit.work(1)
