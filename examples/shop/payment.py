"""Takes the money. Asks stock for the price with an asynchronous httpx client."""

import logging
import os

import httpx
from fastapi import FastAPI
from pydantic import BaseModel

STOCK_URL = os.environ.get("STOCK_URL", "http://127.0.0.1:8001")

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
log = logging.getLogger("shop.payment")

app = FastAPI()
stock = httpx.AsyncClient(base_url=STOCK_URL, timeout=10)


class CardDeclinedError(Exception):
    pass


class Charge(BaseModel):
    sku: str
    quantity: int
    card: str


@app.post("/charges", status_code=201)
async def charge(order: Charge):
    answer = await stock.get(f"/items/{order.sku}")
    amount = answer.raise_for_status().json()["price"] * order.quantity
    log.info("charging %.2f", amount)
    if order.card.startswith("4000"):
        raise CardDeclinedError(f"the bank declined a charge of {amount:.2f}")
    return {"charged": amount}
