"""How long a work takes: CPU time of all threads, so that what is sent later is paid for, too."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

from sending import settle

#: Does the work so many times and answers with the seconds that it took.
Work = Callable[[int], float]
UNSENT = 1000  # spans that any queue holds: nobody may save time by losing some


def exported(operation: Callable[[], object]) -> Work:
    """What leaves something to send, which is sent."""

    def work(loops: int) -> float:
        began = process_time()
        while loops > 0:
            for _ in range(min(loops, UNSENT)):
                operation()
            settle()
            loops -= UNSENT
        return process_time() - began

    return work


def plain(operation: Callable[[], object]) -> Work:
    def work(loops: int) -> float:
        began = process_time()
        for _ in range(loops):
            operation()
        return process_time() - began

    return work
