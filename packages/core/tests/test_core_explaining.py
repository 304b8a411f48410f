"""Only what reads is explained, and of a plan no literal is told."""

import pytest

from clew.explaining import is_read_only
from clew.plans import _node


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM b",
        "  select a from b ;\n",
        "WITH a AS (SELECT 1) SELECT b FROM a",
    ],
)
def test_one_statement_that_reads_is_explained(text: str) -> None:
    assert is_read_only(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "INSERT INTO a SELECT b FROM c",
        "WITH a AS (DELETE FROM b RETURNING c) SELECT c FROM a",
        "SELECT a INTO b FROM c",
        "SELECT a FROM b FOR UPDATE",
        "SELECT 1; DROP TABLE a",
        "SELECT 'a\\'; DROP TABLE b; --'",
        "SELECT SQL_CALC_FOUND_ROWS a FROM b",
        "EXPLAIN ANALYZE SELECT a FROM b",
        "EXPLAIN SELECT a FROM b",
        "CALL a()",
        "/* SELECT */ DROP TABLE a",
        "BEGIN",
    ],
)
def test_nothing_else_is(text: str) -> None:
    assert not is_read_only(text)


def test_a_plan_is_told_without_literals() -> None:
    below = {
        "Node Type": "Index Scan",
        "Relation Name": "items",
        "Index Name": "items_sku",
        "Plan Rows": 5,
        "Total Cost": 8.44,
        "Index Cond": "(sku = 'hunter2 (5 rows)'::text)",
        "Filter": "((number > 4711) AND (note ~~ E'%a\\\\b%'::text))",
        "Output": ["'hunter2'"],
    }
    above = {"Node Type": "Limit", "Plan Rows": 1, "Total Cost": 0.5, "Plans": [below]}
    assert _node(above) == (
        "Limit (1 rows, cost 0.5) [Index Scan on items by items_sku (5 rows, cost 8.44, "
        "index cond (sku = ?::text), filter ((number > ?) AND (note ~~ ?::text)))]"
    )
