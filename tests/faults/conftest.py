"""The suite's options, its fixtures, and how its results are kept."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from servers.sink import Sink

from faults import results
from faults.agents import AGENTS, Agent
from faults.harness import Bench

Fact = Callable[[str], None]
README = Path(__file__).with_name("README.md")
_reports: dict[str, tuple[str, str]] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption(
        "--under", choices=["clew", "contrib", "ddtrace"], default="clew", help="the agent around the programs"
    )
    group.addoption("--full", action="store_true", help="the large numbers of the catalogue")
    group.addoption("--write", action="store_true", help="keep the results and render docs/reliability.md")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.once)


@pytest.fixture(scope="session")
def agent(request: pytest.FixtureRequest) -> Agent:
    return AGENTS[request.config.getoption("--under")]


@pytest.fixture
def bench(agent: Agent, tmp_path: Path, request: pytest.FixtureRequest) -> Bench:
    return Bench(agent, tmp_path, request.config.getoption("--full"))


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture
def fact(request: pytest.FixtureRequest) -> Fact:
    """Keeps the line that the page shows: what was measured."""
    return lambda text: request.node.user_properties.append(("fact", text))


@pytest.fixture
def only_clew(agent: Agent) -> None:
    if agent.name != "clew":
        pytest.skip("not applicable: about something that only clew has")


def missing(part: str) -> NoReturn:
    """Ends a test for which this machine lacks something; in CI only what the README lists may be lacking."""
    if os.environ.get("CI", "").lower() in ("1", "true") and part not in may_be_missing():
        pytest.fail(f"{part} is missing, and {README.name} does not list it", pytrace=False)
    pytest.skip(f"missing: {part}")


def may_be_missing() -> set[str]:
    """The first column of the README's table."""
    return set(re.findall(r"^\| `([^`]+)` \|", README.read_text(), re.MULTILINE))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if report.when != "call" and report.passed:
        return
    told = "; ".join(str(value) for name, value in item.user_properties if name == "fact")
    if report.passed:
        _reports[item.name] = results.PASS, told
    elif report.skipped:
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        lacking = reason.startswith("missing")
        _reports[item.name] = (results.MISSING if lacking else results.NOT_APPLICABLE), reason.partition(": ")[2]
    else:
        _reports[item.name] = results.FAIL, told or first_line(call)


def first_line(call: pytest.CallInfo[None]) -> str:
    text = str(call.excinfo.value) if call.excinfo is not None else ""
    return next(iter(text.splitlines()), "")[:160]


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--write", default=False) and _reports:
        agent = AGENTS[session.config.getoption("--under")]
        results.write(agent, results.summarise((test, *report) for test, report in _reports.items()))
