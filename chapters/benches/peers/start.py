"""Worker processes started by CPython: `start.py METHOD NUMBER` prints the seconds until the last one has begun."""

import multiprocessing
import sys
import time


def work(begun):
    begun.put(time.monotonic())


if __name__ == "__main__":
    method, number = sys.argv[1], int(sys.argv[2])
    context = multiprocessing.get_context(method)
    begun = context.SimpleQueue()
    begin = time.monotonic()
    workers = [context.Process(target=work, args=(begun,)) for _ in range(number)]
    for worker in workers:
        worker.start()
    last = max(begun.get() for _ in workers)
    for worker in workers:
        worker.join()
    print(last - begin)
