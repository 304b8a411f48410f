"""The pools of aiomysql, and of asyncmy, which comes from it."""

from __future__ import annotations

from typing import Any

from clew.conventions import db_client, db_pool
from clew.hooks import Hook
from clew.pooling import pooled


def pools(package: str) -> Hook:
    return pooled(f"{package}.pool:Pool._acquire", _read)


def _read(pool: Any) -> db_pool.Pool:
    to = pool._conn_kwargs
    server = db_client.Server("mysql", to.get("host", "localhost"), to.get("port", 3306), to.get("db"))
    return db_pool.Pool(db_pool.name_of(server), pool.size - pool.freesize, pool.freesize, pool.maxsize or None)
