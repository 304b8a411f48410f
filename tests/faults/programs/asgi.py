"""A FastAPI application whose every request makes 10 spans by hand."""

import kit
from fastapi import FastAPI

app = FastAPI()


@app.get("/items/{number}")
async def item(number: int):
    kit.work(10)
    return {"number": number}
