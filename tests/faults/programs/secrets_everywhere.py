"""Puts a secret where secrets are found in real programs. `secrets_everywhere.py CASE`"""

import kit  # isort: split

import logging
import sqlite3
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import requests
from flask import Flask

SECRET = "s3cr3t"
log = logging.getLogger("application")
logging.lastResort = None


class Quiet(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"127.0.0.1:{server.server_port}"


def attempt(call, *arguments):
    try:
        print(getattr(call(*arguments), "status_code", "ok"))
    except Exception as error:
        print(type(error).__name__)


def url_credentials():
    for url in (f"http://user:{SECRET}@{host}/", f"http://user:{SECRET}@[bad/", f"//user:{SECRET}@{host}/x",
                f"http://user:{SECRET}@127.0.0.1:9/", f"http://{SECRET}@{host}/"):  # fmt: skip
        attempt(requests.get, url)
        attempt(httpx.get, url)


def query():
    text = f"X-Amz-Signature={SECRET}&access_token={SECRET}&code={SECRET}&sig={SECRET}&password={SECRET}&page=2"
    attempt(requests.get, f"http://{host}/?{text}")
    attempt(httpx.get, f"http://{host}/?{text}")
    attempt(lambda: Flask("query").test_client().get(f"/?{text}", buffered=True))


def headers():
    told = {"Authorization": f"Bearer {SECRET}", "Cookie": f"a={SECRET}", "X-Api-Key": SECRET}
    attempt(lambda: requests.get(f"http://{host}/", headers=told))
    attempt(lambda: httpx.get(f"http://{host}/", headers=told))


def sql():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table users (name text, password text)")
    for statement in (
        f"select * from users where password = '{SECRET}'", f"select * from users where password = 'x''{SECRET}'",
        f"select 1 /* {SECRET} */", f"select * from users -- {SECRET}", f"insert into users values ('a', '{SECRET}')",
        f"select * from users where password = '{SECRET}", f"select x'{SECRET.encode().hex()}'", f"select '{SECRET}' || $$x$$",
    ):  # fmt: skip
        attempt(connection.cursor().execute, statement)
    attempt(connection.cursor().execute, "select * from users where password = ?", (SECRET,))
    large = "select * from users where name in (" + ",".join(["'" + SECRET + "'"] * 200_000) + ")"
    with kit.clock() as took:
        attempt(connection.execute, large)
    kit.note(large=took.seconds)


def dsn():
    for text in (f"postgresql://u:{SECRET}@db/x", f"host=db password={SECRET}", f"redis://:{SECRET}@db/0"):
        log.error("cannot connect to %s", text)
        attempt(connect, text)


def connect(text):
    with kit.tracer().start_as_current_span("connect"):
        raise OSError(f"cannot connect to {text}")


def exceptions():
    app = Flask("exceptions")
    app.add_url_rule("/", view_func=fail)
    attempt(lambda: app.test_client().get("/", buffered=True))
    attempt(connect, f"password={SECRET}")
    try:
        fail()
    except OSError:
        log.exception("failed")


def fail():
    password = SECRET
    raise OSError(f"login failed: password={password} token={SECRET} https://user:{SECRET}@db/")


def process():
    kit.work(1)


def subprocesses():
    program = "import os; print(sorted(os.environ))"
    done = subprocess.run([sys.executable, "-I", "-c", program], env={}, capture_output=True, text=True)
    print(done.stdout)
    kit.work(1)
    print(subprocess.run(["env"], env={}, capture_output=True, text=True).stdout)


def log_records():
    logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stderr)
    log.warning("first\nCRITICAL forged\r\n\x1b[31mred\x00")
    kit.work(1)


globals()[sys.argv[1]]()
server.shutdown()
