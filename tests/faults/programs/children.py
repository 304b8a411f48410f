"""Children of multiprocessing, which leave by os._exit. `children.py fork|spawn|forkserver`"""

import multiprocessing
import sys

import kit


def job(number):
    kit.work(100, "child")


if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    kit.work(10)
    children = [context.Process(target=job, args=(number,)) for number in range(4)]
    with kit.clock() as took:
        for child in children:
            child.start()
        for child in children:
            child.join()
    kit.note(took=took.seconds)
    with context.Pool(2) as pool:
        pool.map(job, range(2), chunksize=1)
        pool.close()
        pool.join()
    print("done", [child.exitcode for child in children])
