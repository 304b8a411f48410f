"""Plugins for databases beside each other: one span for a statement, in the request of who runs it."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from opentelemetry import trace

from clew.testing.recording import enabled

aiosqlite = pytest.importorskip("aiosqlite")
plugins = [pytest.importorskip(f"clew_{name}").plugin for name in ("sqlite3", "aiosqlite", "threads")]


def test_a_statement_of_aiosqlite_is_one_span_although_sqlite3_is_followed_too(tmp_path: Path) -> None:
    async def main() -> None:
        async with aiosqlite.connect(tmp_path / "shop.db") as connection:
            await connection.execute("CREATE TABLE items (sku TEXT)")
            await connection.commit()
            async with connection.execute("SELECT sku FROM items") as cursor:
                assert await cursor.fetchall() == []

    with enabled(*plugins) as record, trace.get_tracer("test").start_as_current_span("parent") as parent:
        asyncio.run(main())
        with sqlite3.connect(tmp_path / "shop.db") as connection:
            connection.execute("SELECT sku FROM items")
    statements = [span for span in record.spans() if span.name != "parent"]
    assert [span.name for span in statements] == ["CREATE TABLE items", "SELECT items", "SELECT items"]
    for span in statements:
        assert span.parent is not None
        assert span.parent.span_id == parent.get_span_context().span_id
