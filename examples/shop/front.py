"""What customers see. Asks stock with requests and payment with httpx."""

import logging
import os

import httpx
import requests
from flask import Flask, request

STOCK_URL = os.environ.get("STOCK_URL", "http://127.0.0.1:8001")
PAYMENT_URL = os.environ.get("PAYMENT_URL", "http://127.0.0.1:8002")
TIMEOUT = 10

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
log = logging.getLogger("shop.front")

app = Flask(__name__)
payment = httpx.Client(base_url=PAYMENT_URL, timeout=TIMEOUT)


@app.get("/")
def index():
    return {"items": requests.get(f"{STOCK_URL}/items", timeout=TIMEOUT).json()}


@app.get("/items/<sku>")
def item(sku):
    answer = requests.get(f"{STOCK_URL}/items/{sku}", timeout=TIMEOUT)
    if answer.status_code == 404:
        log.warning("a customer asked for %s, which we do not sell", sku)
        return {"error": f"no item {sku}"}, 404
    return answer.json()


@app.get("/stocktake")
def stocktake():
    return requests.get(f"{STOCK_URL}/stocktake", timeout=TIMEOUT).json()


@app.post("/checkout")
def checkout():
    order = request.get_json()
    log.info("checkout of %s x %s", order["quantity"], order["sku"])
    reserved = requests.post(f"{STOCK_URL}/reservations", json=order, timeout=TIMEOUT)
    if not reserved.ok:
        return {"error": reserved.json()["detail"]}, reserved.status_code
    try:
        payment.post("/charges", json=order).raise_for_status()
    except httpx.HTTPError:
        log.exception("the payment for %s failed, giving the reservation back", order["sku"])
        requests.delete(f"{STOCK_URL}/reservations/{reserved.json()['id']}", timeout=TIMEOUT)
        return {"error": "the payment failed, you were not charged"}, 502
    return {"ordered": order["sku"]}, 201
