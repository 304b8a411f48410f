"""A FastAPI application that runs one sqlite3 query for each request."""

from fastapi import FastAPI

from apps import stock

asgi = FastAPI()
database = stock.connect()


@asgi.get("/hello/{name}")
async def hello(name: str) -> dict[str, int]:
    return {"quantity": stock.quantity(database, name)}
