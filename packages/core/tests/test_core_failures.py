"""What is told about an exception."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from clew import failures

parsed: list[Any] | None = None


def listen(event: str, arguments: Any) -> None:
    if event == "compile" and parsed is not None:
        parsed.append(arguments)


sys.addaudithook(listen)  # stays to the end of the process, and hears nothing but in the test below


def fail() -> None:
    try:
        print(1 / 0)
    except ZeroDivisionError as error:
        raise ValueError("because of that") from error


class Unprintable(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError


@pytest.mark.parametrize("kind", [ValueError, Unprintable])
def test_of_a_deep_stack_the_innermost_frames_are_told(kind: type[Exception]) -> None:
    def handler() -> None:
        raise kind("no such order")

    def around(function: Callable[[], None], number: int) -> Callable[[], None]:
        scope: dict[str, Any] = {"function": function}
        exec(f"def middleware{number}(): function()", scope)
        return scope[f"middleware{number}"]  # type: ignore[no-any-return]

    wrapped: Callable[[], None] = handler
    for number in range(100):
        wrapped = around(wrapped, number)
    with pytest.raises(kind) as caught:
        wrapped()
    stack = failures.describe(caught.value)["exception.stacktrace"]
    assert "in handler" in stack
    assert "in middleware0" in stack
    assert "in middleware99" not in stack


def test_an_exception_that_is_raised_anew_is_told_without_a_walk_through_all_that_came_before() -> None:
    """Each raise lengthens its traceback. What is told stays the same, and so does what is done for it."""
    kept = ValueError("no such order")
    told = set()
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    for times in (100, 5000):
        for _ in range(times):
            try:
                raise kept
            except ValueError:
                pass
        calls = 0
        sys.setprofile(count)
        try:
            stack = failures.describe(kept)["exception.stacktrace"]
        finally:
            sys.setprofile(None)
        told.add((len(stack), calls // 50))
    assert len(told) == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 knows no groups")
def test_of_a_group_every_member_is_told_to_a_bound_of_breadth_and_depth() -> None:
    group: Any = ExceptionGroup("inner", [OSError(f"disk {number}") for number in range(100)])  # noqa: F821
    told = failures.describe(group)["exception.stacktrace"]
    assert "disk 14" in told
    assert "disk 15" not in told
    assert "and 85 more" in told
    for _ in range(500):
        group = ExceptionGroup("outer", [group])  # noqa: F821
    assert "outer" in failures.describe(group)["exception.stacktrace"]


def test_a_chain_is_told_to_a_bound_and_a_circle_once() -> None:
    first, second = ValueError("the first"), ValueError("the second")
    first.__cause__, second.__cause__ = second, first
    stack = failures.describe(first)["exception.stacktrace"]
    assert stack.count("the first") == stack.count("the second") == 1
    last: Exception = first
    for number in range(500):
        following = ValueError(f"number {number} of them")
        following.__context__, last = last, following
    stack = failures.describe(last)["exception.stacktrace"]
    assert "number 499 of them" in stack
    assert "number 450 of them" not in stack


def test_a_stack_is_told_with_its_lines_and_its_causes_and_without_parsing_any() -> None:
    """A request's end may be told by a finalizer, in the middle of the application's own parsing."""
    global parsed
    with pytest.raises(ValueError) as caught:
        fail()
    failures.describe(caught.value)  # the standard library compiles something where it is first used
    parsed = []
    try:
        told = failures.describe(caught.value)
        assert parsed == []
    finally:
        parsed = None
    stack = told["exception.stacktrace"].splitlines()
    assert [line.strip() for line in stack if not line.startswith("  File ")] == [
        "Traceback (most recent call last):",
        "print(1 / 0)",
        "ZeroDivisionError: division by zero",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "Traceback (most recent call last):",
        "fail()",
        'raise ValueError("because of that") from error',
        "ValueError: because of that",
    ]
    assert all(", in " in line for line in stack if line.startswith("  File "))
