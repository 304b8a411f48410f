"""Records first when the interpreter is ending: in functions of atexit, and in a pool that is closed by then."""

import atexit
from concurrent.futures import ThreadPoolExecutor

import kit

pool = ThreadPoolExecutor(2)
list(pool.map(abs, range(4)))
atexit.register(lambda: kit.work(3, "late"))


@atexit.register
def log():
    from opentelemetry import _logs

    _logs.get_logger("faults").emit(body="late")


class Kept:
    def __del__(self):
        kit.work(1, "last")


if __name__ == "__main__":
    kit.work(2, "early")
    print("done")
