"""Microbenchmarks with pyperf: `python micro.py clew` in an environment of clew, or `contrib` in contrib's.

parts/micro.py runs it; by hand it takes pyperf's own options (`--fast`, `-o FILE`).
"""

from __future__ import annotations

import importlib

import pyperf


def main() -> None:
    runner = pyperf.Runner(add_cmdline_args=lambda command, options: command.append(options.side))
    runner.argparser.add_argument("side", choices=("clew", "contrib"))
    side = runner.parse_args().side
    for name, work in importlib.import_module(f"sides.{side}").works().items():
        runner.bench_time_func(name, work)


if __name__ == "__main__":
    main()
