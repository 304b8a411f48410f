"""One query with psycopg 3, on a PostgreSQL server on this machine."""

import os

import psycopg

connection = psycopg.connect(os.environ["BENCH_POSTGRES"], autocommit=True)


def call(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT quantity FROM stock WHERE item = %s", (f"item {number % 100}",))
        cursor.fetchone()
