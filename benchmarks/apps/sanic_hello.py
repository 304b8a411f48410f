"""A Sanic application with one route and no work in it, by the ASGI that it also speaks."""

from sanic import Request, Sanic
from sanic.response import HTTPResponse, text

asgi = Sanic("benchmark", configure_logging=False)  # or each process would tell of itself on standard error


@asgi.get("/hello/<name>")
async def hello(request: Request, name: str) -> HTTPResponse:
    return text(f"Hello, {name}!")
