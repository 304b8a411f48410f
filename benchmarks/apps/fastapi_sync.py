"""A FastAPI application with one plain function as its route, which FastAPI runs in its thread pool."""

from fastapi import FastAPI

asgi = FastAPI()


@asgi.get("/hello/{name}")
def hello(name: str) -> dict[str, str]:
    return {"hello": name}
