"""One suite: which distribution, what its tests need, and where they differ for a reason; a file of suites/ each."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).parent / "suites"


@dataclass(frozen=True)
class Suite:
    """Its texts may name the server's parts, as in `{server.port}`, or `{server}` for what stands for all of it."""

    name: str
    #: What is installed, and whose source distribution has the tests; empty for tests that Python itself brings.
    distribution: str = ""
    version: str = ""
    #: What else the tests need; a suite's own extras are installed as they are spelt here.
    requires: tuple[str, ...] = ()
    #: Folders of the source that would hide what is installed, such as a package that is not compiled there.
    hides: tuple[str, ...] = ()
    #: Arguments of pytest; the folder is the source's, or this one below it.
    arguments: tuple[str, ...] = ()
    folder: str = "."
    #: Why it is not the whole suite, if it is not.
    subset: str = ""
    server: str = ""
    #: Of both runs; files are written into the source first.
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    #: Settings of clew: what a test of exact headers needs, for instance.
    clew: dict[str, str] = field(default_factory=dict)
    seconds: float = 300.0
    #: Tests, or the beginnings of their names, that cannot pass with clew: for each the reason.
    differences: dict[str, str] = field(default_factory=dict)

    def reason(self, test: str) -> str:
        """Why this test may differ; empty for one that may not."""
        return next((why for start, why in self.differences.items() if test.startswith(start)), "")


def read(names: Iterable[str] = ()) -> list[Suite]:
    """The suites with these names, or all of them; raises LookupError for a name that is none."""
    known = {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}
    if unknown := sorted(set(names) - set(known)):
        raise LookupError(f"no suite {', '.join(unknown)}; there are {', '.join(known)}")
    return [_suite(path) for name, path in known.items() if name in set(names or known)]


def _suite(path: Path) -> Suite:
    content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    lists = {key: tuple(value) for key, value in content.items() if isinstance(value, list)}
    return Suite(name=path.stem, **{**content, **lists})
