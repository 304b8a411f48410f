"""A Quart application with one route and no work in it."""

from quart import Quart

asgi = Quart(__name__)


@asgi.get("/hello/<name>")
async def hello(name: str) -> str:
    return f"Hello, {name}!"
