"""The data of an INSERT stays home, wherever in the text of a statement it begins."""

from typing import Any

import pytest

from clew.clickhouse import without_data


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("INSERT INTO a FORMAT CSV\nhunter2,1", "INSERT INTO a FORMAT CSV"),
        (
            "-- why\ninsert into format_a (b) settings c=1 format\n Values {}",
            "-- why\ninsert into format_a (b) settings c=1 format\n Values",
        ),
        ("INSERT INTO a FORMAT /* d */ CSV\nhunter2", "INSERT INTO a FORMAT"),
        (b"INSERT INTO a FORMAT Native \xff", "INSERT INTO a FORMAT Native"),
        ("INSERT INTO a (format, b) VALUES (1, 'format')", "INSERT INTO a (format, b) VALUES (1, 'format')"),
        ("SELECT a FROM b FORMAT CSV", "SELECT a FROM b FORMAT CSV"),
        (42, 42),
        (None, None),
    ],
)
def test_of_an_insert_with_data_what_comes_before_it_is_told(text: Any, shown: Any) -> None:
    assert without_data(text) == shown
