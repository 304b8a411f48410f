"""What is measured beside the operations: one module each, with `measure(contenders, bench, effort)`, and `section`,
which makes the part's section of docs/benchmarks.md of what `measure` has found.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from types import ModuleType

from harness.contenders import Contender
from harness.errors import BenchmarkError
from harness.measuring import Bench

from parts import caches, growth, leaving, load, memory, micro

PARTS: dict[str, ModuleType] = {
    "micro": micro,
    "caches": caches,
    "growth": growth,
    "load": load,
    "memory": memory,
    "exit": leaving,
}


def chosen(names: str | None) -> list[str]:
    """All, when nothing is named."""
    wanted = set(PARTS if names is None else names.split(","))
    return [name for name in PARTS if name in wanted]


def sections(names: Sequence[str], contenders: Sequence[Contender], bench: Bench, effort: str) -> Iterator[str]:
    """One section for each part; of one that fails it says why."""
    for name in names:
        print(f"measuring {name} ...", file=sys.stderr)
        part = PARTS[name]
        try:
            yield part.section(part.measure(contenders, bench, effort))
        except BenchmarkError as failure:
            yield f"## {name.capitalize()}\n\nLeft out:\n\n```\n{failure}\n```\n"
