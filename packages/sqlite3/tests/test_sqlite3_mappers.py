"""What an object-relational mapper runs through sqlite3 is one span, named by what it asks of which table."""

import subprocess
import sys
from pathlib import Path

import pytest

from clew.testing.recording import enabled
from clew_sqlite3 import plugin

#: A process has one set of Django's settings, and this one may have those of other tests.
PROGRAM = """
import sys
from django.conf import settings

database = {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}
settings.configure(DATABASES={"default": database}, INSTALLED_APPS=[])

import django
from django.db import connection, models
from clew.testing.recording import enabled
from clew_sqlite3 import plugin

django.setup()


class Item(models.Model):
    sku = models.TextField()

    class Meta:
        app_label, db_table = "shop", "items"


with enabled(plugin) as record:
    with connection.schema_editor() as editor:
        editor.create_model(Item)
    Item.objects.create(sku="hunter2")
    record.clear()
    assert [item.sku for item in Item.objects.filter(sku="hunter2")] == ["hunter2"]
    span = record.span()
    assert "hunter2" not in repr(span.attributes)
    print(span.name, span.attributes["db.namespace"])
"""

pytestmark = pytest.mark.once


def test_a_query_of_peewee_is_one_span(tmp_path: Path) -> None:
    peewee = pytest.importorskip("peewee")
    with enabled(plugin) as record:
        database = peewee.SqliteDatabase(tmp_path / "shop.db")

        class Items(peewee.Model):  # type: ignore[misc]
            sku = peewee.CharField()

            class Meta:
                pass

        with database.bind_ctx([Items]), database:
            database.create_tables([Items])
            Items.create(sku="hunter2")
            record.clear()
            assert [item.sku for item in Items.select().where(Items.sku == "hunter2")] == ["hunter2"]
            span = record.span()
        database.close()
    assert (span.name, (span.attributes or {})["db.namespace"]) == ("SELECT items", "shop.db")
    assert "hunter2" not in repr(span.attributes)


def test_a_query_of_djangos_is_one_span(tmp_path: Path) -> None:
    pytest.importorskip("django")
    done = subprocess.run([sys.executable, "-c", PROGRAM, tmp_path / "shop.db"], capture_output=True, text=True)
    assert done.stdout == "SELECT items shop.db\n", done.stderr
