"""A MongoDB server for the row that calls one: the caller's own, or somebody else's in Java, as the tests have it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import BenchmarkError
from harness.processes import HERE

sys.path.append(str(HERE.parent / "tests"))

from servers.mongodb import running_in_java
from servers.programs import Failed, Unavailable

ADVICE = "Install Java and Maven, or set BENCH_MONGODB to the URL of a server."


@contextmanager
def server() -> Iterator[str]:
    """The server's URL, empty when there is none."""
    if own := os.environ.get("BENCH_MONGODB"):
        yield own
        return
    try:
        running = running_in_java()
    except Unavailable as lack:
        print(lack, file=sys.stderr)
        yield ""
        return
    try:
        with running as port:
            yield f"mongodb://127.0.0.1:{port}"
    except Failed as failure:
        raise BenchmarkError(f"{failure}\n{ADVICE}") from failure
