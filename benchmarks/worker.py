"""The measured process: prepares one application and runs rounds of it under command.

Started through a contender's own wrapper as `python worker.py APPLICATION`. One JSON object per line on standard input
({"do": "run", "first": 0, "count": 1000}), one answer per line on standard output. The CPU time in an answer is that
of all threads since the answer before, so nothing that telemetry does later or elsewhere is left out.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from typing import Any

import drivers
import sending


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what an application prints may not end up between the answers
    run = drivers.prepare(sys.argv[1])
    process, main_thread = time.process_time(), time.thread_time()
    answers.write('{"ready": true}\n')
    while line := sys.stdin.readline():
        command = json.loads(line)
        extra = obey(command, run)
        before, before_main = process, main_thread
        process, main_thread = time.process_time(), time.thread_time()
        figures = {"cpu": process - before, "main": main_thread - before_main, "rss": resident(), **extra}
        answers.write(json.dumps(figures) + "\n")
    for end in drivers.endings:
        end()


def obey(command: dict[str, Any], run: drivers.Run) -> dict[str, Any]:
    def work() -> None:
        run(command["first"], command["count"])
        sending.settle()

    if command["do"] == "run":
        work()
        return {}
    if command["do"] == "freeze":
        gc.collect()
        gc.freeze()
        return {}
    from harness import stacks  # a process that is only measured need not have it

    return stacks.sample(work) if command["do"] == "sample" else stacks.count(work, command["count"])


def resident() -> int:
    """Resident memory in bytes; 0 where there is no /proc."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


if __name__ == "__main__":
    main()
