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
