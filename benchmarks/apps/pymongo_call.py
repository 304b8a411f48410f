"""One command with pymongo, on a MongoDB server on this machine."""

import os

from pymongo import MongoClient

client: MongoClient[dict[str, object]] = MongoClient(os.environ["BENCH_MONGODB"])
stock = client["bench"]["stock"]
stock.delete_many({})
stock.insert_many({"_id": f"item {number}", "quantity": number} for number in range(100))


def call(number: int) -> None:
    stock.find_one({"_id": f"item {number % 100}"})
