"""How late CPython's idle workers end: `idle.py MODEL TIME` prints the seconds from the deadline to the last one's end."""

import asyncio
import multiprocessing
import queue
import sys
import threading
import time

import memory

WORKERS = 4


def is_locked(lock):
    if lock.acquire(False):
        lock.release()
        return False
    return True


def work(running, shared):
    while is_locked(running):
        try:
            shared.get(timeout=1.0)
        except queue.Empty:
            pass


def late(running, workers, seconds):
    running.acquire()
    for worker in workers:
        worker.start()
    time.sleep(seconds)
    deadline = time.monotonic()
    running.release()
    for worker in workers:
        worker.join()
    return time.monotonic() - deadline


def threads(seconds):
    running, shared = threading.Lock(), queue.Queue()
    workers = [threading.Thread(target=work, args=(running, shared)) for _ in range(WORKERS)]
    return late(running, workers, seconds)


def processes(seconds):
    running, shared = multiprocessing.Lock(), multiprocessing.Queue()
    workers = [multiprocessing.Process(target=work, args=(running, shared)) for _ in range(WORKERS)]
    return late(running, workers, seconds)


def coroutines(seconds):
    return asyncio.run(memory.idle(WORKERS, seconds))


if __name__ == "__main__":
    model, seconds = sys.argv[1], float(sys.argv[2])
    print({"threads": threads, "processes": processes, "coroutines": coroutines}[model](seconds))
