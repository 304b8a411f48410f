"""What is on the shelves. FastAPI on plain SQL."""

import logging
from uuid import uuid4

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from shop.database import run

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
log = logging.getLogger("shop.stock")

app = FastAPI()


class Order(BaseModel):
    sku: str
    quantity: int


@app.get("/items")
def items():
    return [{"sku": sku, "name": name} for sku, name in run("SELECT sku, name FROM items ORDER BY sku")]


@app.get("/items/{sku}")
def item(sku: str):
    found = run("SELECT name, price FROM items WHERE sku = ?", sku)
    if not found:
        raise HTTPException(404, f"no item {sku}")
    name, price = found[0]
    return {"sku": sku, "name": name, "price": price}


@app.get("/stocktake")
def stocktake():
    """Slow: one statement for each item, and no index to answer it."""
    return {sku: on_shelf(sku) for (sku,) in run("SELECT sku FROM items")}


@app.post("/reservations", status_code=201)
def reserve(order: Order):
    item(order.sku)
    left = on_shelf(order.sku)
    if left < order.quantity:
        log.warning("only %s of %s left", left, order.sku)
        raise HTTPException(409, f"only {left} of {order.sku} left")
    reservation = uuid4().hex
    run("INSERT INTO movements (sku, quantity, reservation) VALUES (?, ?, ?)", order.sku, -order.quantity, reservation)
    log.info("reserved %s x %s", order.quantity, order.sku)
    return {"id": reservation}


@app.delete("/reservations/{reservation}", status_code=204)
def release(reservation: str):
    run("DELETE FROM movements WHERE reservation = ?", reservation)
    log.info("released reservation %s", reservation)


def on_shelf(sku: str) -> int:
    return run("SELECT sum(quantity) FROM movements WHERE sku = ?", sku)[0][0]
