"""A Flask application that writes one log line for each request, to a stream that nobody reads."""

import logging
import os

from flask import Flask

wsgi = Flask(__name__)
logger = logging.getLogger("shop")
handler = logging.StreamHandler(open(os.devnull, "w"))  # noqa: SIM115 - open as long as the process lives
handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
logging.getLogger().addHandler(handler)
logger.setLevel(logging.INFO)


@wsgi.get("/hello/<name>")
def hello(name: str) -> str:
    logger.info("greeting %s", name)
    return f"Hello, {name}!"
