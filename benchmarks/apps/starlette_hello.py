"""A Starlette application with one coroutine as its route and no work in it."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"Hello, {request.path_params['name']}!")


asgi = Starlette(routes=[Route("/hello/{name}", hello)])
