"""The reader of SQL: summaries of few words, and no literal of any dialect in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.sql import LONGEST, describe
from clew.sql_text import DIALECTS, Read, _by_tokens, _read, _reader, in_one_line, without_literals


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
        ("INSERT INTO a (x) SELECT y FROM b ON CONFLICT DO UPDATE SET x = 1", "INSERT a SELECT b"),
        ("INSERT INTO a VALUES (1) ON DUPLICATE KEY UPDATE x = 1", "INSERT a"),
        ("SELECT a FROM b WHERE c IN (SELECT d FROM e)", "SELECT b SELECT e"),
        ("WITH n AS (SELECT a FROM b), m AS (SELECT 1) SELECT * FROM n, m JOIN c ON TRUE", "SELECT b SELECT c"),
        ("DELETE FROM ONLY a USING b WHERE a.x = b.x", "DELETE a b"),
        ("MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN UPDATE SET y = 1", "MERGE a b"),
        ("CREATE TABLE a AS SELECT x FROM b", "CREATE TABLE a SELECT b"),
        ("ALTER TABLE a ADD CONSTRAINT c FOREIGN KEY (x) REFERENCES b ON DELETE CASCADE", "ALTER TABLE a"),
        ("TRUNCATE TABLE a, b", "TRUNCATE a b"),
        ("CALL shop.reorder(1)", "CALL shop.reorder"),
        ("COPY items (sku) FROM STDIN", "COPY items"),
        ("COPY (SELECT a FROM b) TO STDOUT", "COPY SELECT b"),
        ("GRANT SELECT ON a TO b", "GRANT"),
        ("SELECT a FROM b WHERE c IS DISTINCT FROM d FOR UPDATE OF b", "SELECT b"),
        ("SELECT `a` FROM `shop`.`items` AS `i`", "SELECT shop.items"),
        ("EXPLAIN SELECT a FROM b", "EXPLAIN SELECT b"),
        ("select größe from straßen", "SELECT straßen"),
        ("", ""),
        ("(((", ""),
        ("hunter2 SELECT a FROM b", ""),
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
        ("SELECT 1.5e-7, -3, a[1:2], E'it\\'s', N'x' FROM t", "SELECT ?, -?, a[?:?], ?, ? FROM t"),
        (
            "SELECT a FROM b WHERE c = :1 AND d = %(e_1)s AND f = ''",
            "SELECT a FROM b WHERE c = :1 AND d = %(e_1)s AND f = ?",
        ),
        ('SELECT "it\'s", \'a "b\' FROM "c-- d" /* \' */', 'SELECT "it\'s", ? FROM "c-- d"'),
        ("SELECT a /* one /* two */ 'three' */ FROM b WHERE c = $$d$$", "SELECT a FROM b WHERE c = ?"),
        ("SELECT f($1), $q$ it's $$ $q$ FROM a$b", "SELECT f($1), ? FROM a$b"),
        ("SELECT doc #>> '{a}' -- '\nFROM b", "SELECT doc #>> ? FROM b"),
    ],
)
def test_the_text_is_the_statement_without_its_literals(statement: str, text: str) -> None:
    assert describe(statement, "postgresql").text == text


@pytest.mark.parametrize(
    ("system", "statement", "text"),
    [
        ("mysql", "SELECT 5--3, `it's`, \"x\", _utf8'y' # it's\nFROM a", "SELECT ?--?, `it's`, ?, _utf8? FROM a"),
        ("mysql", "SELECT 'a\\n' FROM b", "SELECT ? FROM b"),
        ("mysql", "SELECT a FROM b /*! WHERE c = 'd*/' */", "SELECT b"),
        ("mysql", "SELECT a FROM b WHERE c = 'it\\'s' AND d = 'x'", "SELECT b"),
        (
            "sqlite",
            'SELECT "a"."b", "c" FROM "a" WHERE [it\'s] = \'x\'',
            'SELECT "a"."b", ? FROM "a" WHERE [it\'s] = ?',
        ),
        ("sqlite", "SELECT a FROM b WHERE c = $name AND d = ?1", "SELECT a FROM b WHERE c = $name AND d = ?1"),
        ("oracle.db", "SELECT q'[it's]', Nq'!it's!', v$a FROM b WHERE c = :1", "SELECT ?, ?, v$a FROM b WHERE c = :1"),
        (
            "microsoft.sql_server",
            "SELECT [a b] FROM #t WHERE c = N'd' AND e = @p1",
            "SELECT [a b] FROM #t WHERE c = ? AND e = @p1",
        ),
        (
            "clickhouse",
            "SELECT `it's`, \"a\".\"b\", [1, $a$it's$a$] /* /* */ it's */ FROM t #! it's\nWHERE c = {d:String}",
            'SELECT `it\'s`, "a"."b", [?, ?] FROM t WHERE c = {d:String}',
        ),
        ("clickhouse", "SELECT a FROM b WHERE c = 'it\\'s' AND d = 'x'", "SELECT b"),
        ("other_sql", "SELECT a FROM b # it's\nWHERE c = 'd'", "SELECT b"),
        ("other_sql", "SELECT a FROM b WHERE c = q'[it's]'", "SELECT b"),
    ],
)
def test_each_system_is_read_as_it_reads_and_what_is_in_doubt_is_not_told(
    system: str, statement: str, text: str
) -> None:
    assert describe(statement, system).text == text


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
    "q'[it's {}]'",
    "/* /* */ '{}' */",
    "'\\\\' /* '{}' */",
]


@pytest.mark.parametrize("system", ["postgresql", "mysql", "sqlite"])
@pytest.mark.parametrize("literal", LITERALS)
def test_no_dialects_string_is_told(literal: str, system: str) -> None:
    assert "hunter2" not in describe(f"SELECT a FROM b WHERE c = {literal.format('hunter2')}", system).text


def test_a_double_quoted_string_is_no_name_where_it_may_be_a_string() -> None:
    assert "hunter2" not in describe('SELECT a FROM b WHERE c = "hunter2"', "mysql").text
    assert describe('SELECT "Name" FROM b', "postgresql").text == 'SELECT "Name" FROM b'


quoted = st.text(alphabet=st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), max_size=30).map(
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


secret = st.sampled_from(
    ["hunter2", "it''s hunter2", "-- hunter2", "/* hunter2", "# hunter2", "$$ hunter2", '" hunter2']
)
piece = st.one_of(
    secret.map(lambda value: f"'{value}'"),
    secret.map(lambda value: f"N'{value}'"),
    st.sampled_from(
        ['"name"', "t.c1", "a$b", " AND ", "(", ", ", "\n", "-- it's\n", "/* it's */", "$1", "%(a_1)s", ":b", "4711"]
    ),
)


@given(st.lists(piece, max_size=15), st.sampled_from([*DIALECTS, "other_sql"]))
def test_no_literal_among_names_comments_and_parameters_is_told(pieces: list[str], system: str) -> None:
    told = describe(f"SELECT a FROM b WHERE {' '.join(pieces)}", system)
    assert "hunter2" not in told.text
    assert "4711" not in told.text


@given(st.text(alphabet="ab1.$:@?-/#*[]`\"'\n =,()eEnNqQ", max_size=60), st.sampled_from(list(DIALECTS)))
def test_all_ways_of_reading_agree(text: str, system: str) -> None:
    """The quick ones take what they can, and leave the rest to the thorough one."""
    reader = _reader(DIALECTS[system])
    thorough = _tidied(_by_tokens(reader.token, text + "\n"))
    if thorough.whole:
        assert _tidied(_read(reader, text)) == thorough
        assert without_literals(text, system) == thorough


def _tidied(read: Read) -> Read:
    return read._replace(text=in_one_line(read.text))


def test_ten_megabytes_are_read_as_far_as_anybody_looks() -> None:
    told = describe("SELECT a FROM b WHERE c IN (" + ", ".join(["'hunter2'"] * 1_000_000) + ")", "mysql")
    assert told.summary == "SELECT b"
    assert "hunter2" not in told.text


@given(st.text(max_size=200))
def test_any_text_is_survived(text: str) -> None:
    describe(text)


@pytest.mark.parametrize("part", ["1,", "'", "/*", "$a$", "a ", '"', "FROM a,", "FROM ", "(", "x'"])
def test_a_very_long_statement_is_cut_before_it_is_read(part: str) -> None:
    assert len(describe("SELECT " + part * (2 * LONGEST)).text) <= LONGEST + 2


def test_statements_that_differ_in_literals_alone_are_made_sense_of_once() -> None:
    first, second = (describe(f"SELECT a FROM b WHERE c = '{number}' AND d = {number}") for number in (1, 22))
    assert first is second
