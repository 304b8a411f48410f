"""`python -m host_suites [NAME ...]`: runs the suites and prints one table; exits 1 when one does not pass."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from contextlib import ExitStack
from typing import Any

from servers.mariadb import running_mariadb
from servers.memcached import running_memcached
from servers.mongodb import running_mongodb
from servers.postgres import running_postgres
from servers.programs import Failed, Unavailable
from servers.redis import running_redis

from host_suites import page, records
from host_suites.places import Unprepared, prepare
from host_suites.running import Comparison, compare

SERVERS: dict[str, Any] = {
    "mariadb": running_mariadb,
    "memcached": running_memcached,
    "mongodb": running_mongodb,
    "postgres": running_postgres,
    "redis": running_redis,
}


MOST = 40  # tests of one suite that are told on the terminal


def main() -> int:
    parser = argparse.ArgumentParser(prog="host_suites", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="suites, without more words all of them")
    parser.add_argument("--write", action="store_true", help="keep the results and render docs/host-suites.md")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what runs is stopped
    suites, rows = records.read(options.names), {}
    for suite in suites:
        print(f"{suite.name} ...", file=sys.stderr, flush=True)
        found = run(suite)
        rows[suite.name] = page.row(suite, found) if isinstance(found, Comparison) else None
        tell(suite, found)
        if options.write and isinstance(found, Comparison):
            page.write({suite.name: page.row(suite, found)})
    print(page.table(rows))
    return 0 if all((row := rows[suite.name]) is not None and page.passes(suite, row) for suite in suites) else 1


def run(suite: records.Suite) -> Comparison | str:
    """What came of it, or why nothing did."""
    try:
        with ExitStack() as stack:
            server = stack.enter_context(SERVERS[suite.server]()) if suite.server else None
            return compare(suite, prepare(suite), server)
    except subprocess.TimeoutExpired:
        return f"not done within {suite.seconds:g} s"
    except (Unavailable, Failed, Unprepared, RuntimeError) as reason:
        return str(reason)


def tell(suite: records.Suite, found: Comparison | str) -> None:
    """The tests that differ, for who has to look into it."""
    if isinstance(found, str):
        print(f"  {found}", file=sys.stderr)
        return
    for test in [test for test in found.lost if not suite.reason(test)][:MOST]:
        print(f"  fails with clew: {test}", file=sys.stderr)
    for test in found.again:
        print(f"  passed when tried again: {test}", file=sys.stderr)
    for failure in found.failures:
        print(f"  clew failed in {failure}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
