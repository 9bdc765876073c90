"""How late CPython's idle workers end: `idle.py MODEL TIME` prints the seconds from the deadline to the last one's end."""

import asyncio
import multiprocessing
import queue
import sys
import threading
import time

import memory

WORKERS = 4


def work(stopping, shared):
    while not stopping.is_set():
        if shared.get() is None:
            break


def late(stopping, shared, workers, seconds):
    for worker in workers:
        worker.start()
    time.sleep(seconds)
    deadline = time.monotonic()
    stopping.set()
    for _ in workers:
        shared.put(None)
    for worker in workers:
        worker.join()
    return time.monotonic() - deadline


def threads(seconds):
    stopping, shared = threading.Event(), queue.Queue()
    workers = [threading.Thread(target=work, args=(stopping, shared)) for _ in range(WORKERS)]
    return late(stopping, shared, workers, seconds)


def processes(seconds):
    context = multiprocessing.get_context("fork")
    stopping, shared = context.Event(), context.Queue()
    workers = [context.Process(target=work, args=(stopping, shared)) for _ in range(WORKERS)]
    return late(stopping, shared, workers, seconds)


def coroutines(seconds):
    return asyncio.run(memory.idle(WORKERS, seconds))


if __name__ == "__main__":
    model, seconds = sys.argv[1], float(sys.argv[2])
    print({"threads": threads, "processes": processes, "coroutines": coroutines}[model](seconds))
