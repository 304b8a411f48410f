"""One command with redis-py, on a Redis server on this machine."""

import os

import redis

client = redis.Redis.from_url(os.environ["BENCH_REDIS"])


def call(number: int) -> None:
    client.get(f"item {number % 100}")
