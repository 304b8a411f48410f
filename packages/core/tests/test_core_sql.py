"""The reader of SQL: summaries of few words, and no literal of any dialect in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.sql import LONGEST, describe


@pytest.mark.parametrize(
    ("statement", "summary"),
    [
        ("SELECT * FROM users WHERE id = 42", "SELECT users"),
        ("select a.x, b.y from a, b where z in (1,2)", "SELECT a b"),
        ('INSERT INTO public."Items" (a) VALUES (1)', "INSERT public.Items"),
        ("UPDATE stock SET n = n - 1 WHERE sku = :sku RETURNING n", "UPDATE stock"),
        ("DELETE FROM items", "DELETE items"),
        ("CREATE TABLE IF NOT EXISTS foo (id int)", "CREATE TABLE foo"),
        ("CREATE UNIQUE INDEX i ON t(x)", "CREATE INDEX i"),
        ("DROP TABLE IF EXISTS z", "DROP TABLE z"),
        ("SELECT * FROM (SELECT a FROM b) x JOIN c ON c.id = x.id FOR UPDATE", "SELECT b c"),
        ("BEGIN", "BEGIN"),
        ("select 1", "SELECT"),
        ("/* from the shop */ SELECT a FROM b", "SELECT b"),
        ("PRAGMA table_info(foo)", "PRAGMA"),
        ("", ""),
        ("(((", ""),
    ],
)
def test_the_summary_names_verb_and_tables(statement: str, summary: str) -> None:
    assert describe(statement).summary == summary


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("SELECT a FROM b WHERE c = 'O''Brien' AND d = 42", "SELECT a FROM b WHERE c = ? AND d = ?"),
        ("SELECT a\n  FROM b\n WHERE c IN (1, 2, 3)", "SELECT a FROM b WHERE c IN (?)"),
        ("SELECT a -- it's a comment with 'quotes'\nFROM b", "SELECT a FROM b"),
        (
            "SELECT a FROM b WHERE c = %s AND d = $1 AND e = :e AND f = ?",
            "SELECT a FROM b WHERE c = %s AND d = $1 AND e = :e AND f = ?",
        ),
        ("SELECT t1.c2, 1e5, .5, 0x1F FROM t1", "SELECT t1.c2, ?, ?, ? FROM t1"),
    ],
)
def test_the_text_is_the_statement_without_its_literals(statement: str, text: str) -> None:
    assert describe(statement, "postgresql").text == text


LITERALS = [
    "'{}'",
    "'a''{}'",
    "E'\\'{}'",
    "$${}$$",
    "$tag${}$tag$",
    "N'{}'",
    "x'{}'",
    "U&'{}'",
    "'{}",
    "$${}",
    "'a\\' OR b = '{}'",
]


@pytest.mark.parametrize("system", ["postgresql", "mysql", "sqlite"])
@pytest.mark.parametrize("literal", LITERALS)
def test_no_dialects_string_is_told(literal: str, system: str) -> None:
    assert "hunter2" not in describe(f"SELECT a FROM b WHERE c = {literal.format('hunter2')}", system).text


def test_a_double_quoted_string_is_no_name_where_it_may_be_a_string() -> None:
    assert "hunter2" not in describe('SELECT a FROM b WHERE c = "hunter2"', "mysql").text
    assert describe('SELECT "Name" FROM b', "postgresql").text == 'SELECT "Name" FROM b'


quoted = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30).map(
    lambda value: "'" + value.replace("'", "''") + "hunter2'"
)


@given(
    st.lists(
        st.one_of(quoted, st.sampled_from(["a", "=", "AND", "(", ")", ",", "--", "/*", "*/", "\n", "#", "$1", "?"])),
        max_size=12,
    )
)
def test_whatever_stands_around_it_no_quoted_value_is_told(parts: list[str]) -> None:
    told = describe("SELECT a FROM b WHERE " + " ".join(parts), "postgresql")
    assert "hunter2" not in told.text
    assert "hunter2" not in told.summary


@given(st.text(max_size=200))
def test_any_text_is_survived(text: str) -> None:
    describe(text)


@pytest.mark.parametrize("part", ["1,", "'", "/*", "$a$", "a ", '"', "FROM a,", "FROM ", "(", "x'"])
def test_a_very_long_statement_is_cut_before_it_is_read(part: str) -> None:
    assert len(describe("SELECT " + part * (2 * LONGEST)).text) <= LONGEST + 2
