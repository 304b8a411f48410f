"""A FastAPI application with one coroutine as its route and no work in it."""

from fastapi import FastAPI

asgi = FastAPI()


@asgi.get("/hello/{name}")
async def hello(name: str) -> dict[str, str]:
    return {"hello": name}
