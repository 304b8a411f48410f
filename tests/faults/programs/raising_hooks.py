"""Code of the user's that the agent calls, and that raises: a propagator. Answers and calls stay what they are."""

import kit  # isort: split

import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import requests
from flask import Flask, request
from opentelemetry import propagate
from opentelemetry.propagators.textmap import TextMapPropagator


class Raising(TextMapPropagator):
    fields = {"x-raising"}

    def extract(self, carrier, context=None, getter=None):
        raise RuntimeError("extract")

    def inject(self, carrier, context=None, setter=None):
        raise RuntimeError("inject")


propagate.set_global_textmap(Raising())
app = Flask("raising")


@app.get("/")
def hello():
    return {"hello": request.headers["X-Hello"]}


@app.get("/broken")
def broken():
    raise KeyError("mine")


app.logger.disabled = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
for number in range(10):
    answer = requests.get(f"{url}/", headers={"X-Hello": str(number)}, timeout=10)
    print(answer.status_code, answer.json())
print(requests.get(f"{url}/broken", timeout=10).status_code)
try:
    requests.get("http://127.0.0.1:9/", timeout=10)
except requests.ConnectionError as error:
    print(type(error).__name__)
server.shutdown()
kit.work(5)
