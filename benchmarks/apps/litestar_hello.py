"""A Litestar application with one route and no work in it."""

from litestar import Litestar, get


@get("/hello/{name:str}")
async def hello(name: str) -> dict[str, str]:
    return {"hello": name}


asgi = Litestar([hello])
