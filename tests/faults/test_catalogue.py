"""The catalogue, the tests, the README and the page agree."""

from __future__ import annotations

import re
from pathlib import Path

from clew_cli.project import parse
from faults import results
from faults.catalogue import FAULTS, SECURITY
from faults.conftest import may_be_missing

HERE = Path(__file__).parent


def names_of_tests() -> list[str]:
    found = [re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE) for path in HERE.glob("test_*.py")]
    return [name for names in found for name in names]


def test_every_row_has_a_test_and_every_test_of_a_row_is_in_the_catalogue() -> None:
    rows = {results.row_of(test) for test in names_of_tests()} - {""}
    several = {f"s_{name}" for name in ("url_credentials", "query", "headers", "sql", "dsn", "exceptions")}
    assert rows | several == {*FAULTS, *SECURITY}
    assert list(FAULTS) == [f"F{number}" for number in range(1, 49)]


def test_what_may_be_missing_is_what_the_tests_say_is_missing() -> None:
    sources = [path.read_text() for path in HERE.glob("test_*.py")]
    said = {part for source in sources for part in re.findall(r'missing\("([^"]+)"\)', source)}
    assert may_be_missing() <= said | {f"the library {library}" for library in cannot_be_installed()}


def cannot_be_installed() -> list[str]:
    """Libraries whose package names no newest version to install."""
    projects = [parse(file.read_bytes()) for file in (HERE.parents[1] / "packages").glob("*/pyproject.toml")]
    return [
        library
        for project in projects
        if project["tool"].get("clew-versions", {}).get("newest") == []
        for library in project["project"]["entry-points"]["clew_plugin"]
    ]


def test_the_page_is_what_the_results_say() -> None:
    assert results.PAGE.read_text() == results.render()
