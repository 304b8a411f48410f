"""What Tortoise runs through aiosqlite is one span, named by what it asks of which table."""

import asyncio
import sys
import types
from pathlib import Path

import pytest

from clew.testing.recording import Recording, enabled
from clew_aiosqlite import plugin

pytestmark = pytest.mark.once


def test_a_query_of_tortoise_is_one_span(tmp_path: Path) -> None:
    tortoise = pytest.importorskip("tortoise")
    from tortoise import fields, models

    class Item(models.Model):
        sku = fields.CharField(max_length=40, primary_key=True)

        class Meta:
            table = "items"

    shop = types.ModuleType("shop_of_tortoise")
    vars(shop)["Item"] = Item
    sys.modules[shop.__name__] = shop

    async def main(record: Recording) -> None:
        await tortoise.Tortoise.init(db_url=f"sqlite://{tmp_path / 'shop.db'}", modules={"models": [shop.__name__]})
        try:
            await tortoise.Tortoise.generate_schemas()
            await Item.create(sku="hunter2")
            record.clear()
            assert [item.sku for item in await Item.filter(sku="hunter2")] == ["hunter2"]
        finally:
            await tortoise.Tortoise.close_connections()

    try:
        with enabled(plugin) as record:
            asyncio.run(main(record))
            span = record.span()
    finally:
        del sys.modules[shop.__name__]
    assert span.name == "SELECT items"
    assert "hunter2" not in repr(span.attributes)
