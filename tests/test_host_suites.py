"""The records of the libraries' own suites, and the page of their results; the suites run in a session of their own."""

from __future__ import annotations

import pytest
from host_suites import page, records

pytestmark = pytest.mark.once


def test_each_record_says_what_is_run_and_why_not_more() -> None:
    for suite in records.read():
        assert bool(suite.distribution) == bool(suite.version), suite.name
        assert all(reason.strip() for reason in suite.differences.values()), suite.name


def test_a_name_that_is_none_is_told() -> None:
    with pytest.raises(LookupError, match="no suite nothing; there are "):
        records.read(["nothing"])


def test_the_page_says_what_was_found() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.render(), "run: nox -s host_suites -- --write"
