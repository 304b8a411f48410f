"""A bare WSGI application whose every request makes 10 spans."""

import kit


def application(environ, start_response):
    kit.work(10)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]
