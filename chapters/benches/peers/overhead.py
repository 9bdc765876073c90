"""Empty jobs through CPython's own queues: `overhead.py MODEL JOBS [print]` prints the seconds that it took.

With `print` it prints a line for every job that starts and every one that is done, and no figure.
"""

import asyncio
import multiprocessing
import queue
import random
import sys
import threading
import time

WORKERS = 4


def say(event, name, job):
    if PRINT:
        print(f"{time.monotonic():.6f} {name} {event} {job}")


def threads(jobs):
    running, shared = threading.Lock(), queue.Queue()
    for job in jobs:
        shared.put(job)

    def work(name):
        while running.locked():
            try:
                job = shared.get(timeout=1.0)
            except queue.Empty:
                continue
            if job is None:
                break
            say("job_started", name, job)
            say("job_completed", name, job)

    running.acquire()
    begin = time.monotonic()
    workers = [threading.Thread(target=work, args=(f"worker-{n}",)) for n in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.monotonic() - begin


def is_locked(lock):
    if lock.acquire(block=False):
        lock.release()
        return False
    return True


def work_as_process(running, shared, name):
    while is_locked(running):
        try:
            job = shared.get(timeout=1.0)
        except queue.Empty:
            continue
        if job is None:
            break
        say("job_started", name, job)
        say("job_completed", name, job)


def processes(jobs):
    context = multiprocessing.get_context("fork")
    running, shared = context.Lock(), context.Queue()
    running.acquire()
    begin = time.monotonic()
    # The jobs follow the workers: a fork beside the queue's feeder thread could copy a lock in use.
    workers = [
        context.Process(target=work_as_process, args=(running, shared, f"worker-{n}")) for n in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    for job in jobs:
        shared.put(job)
    for worker in workers:
        worker.join()
    return time.monotonic() - begin


def coroutines(jobs):
    async def work(running, shared, name):
        while running.locked():
            try:
                job = await asyncio.wait_for(shared.get(), timeout=1.0)
            except asyncio.TimeoutError:
                continue
            if job is None:
                break
            say("job_started", name, job)
            say("job_completed", name, job)

    async def main():
        running, shared = asyncio.Lock(), asyncio.Queue()
        for job in jobs:
            shared.put_nowait(job)
        await running.acquire()
        begin = time.monotonic()
        await asyncio.gather(*(work(running, shared, f"worker-{n}") for n in range(WORKERS)))
        return time.monotonic() - begin

    return asyncio.run(main())


if __name__ == "__main__":
    model, count = sys.argv[1], int(sys.argv[2])
    PRINT = sys.argv[3:] == ["print"]
    rng = random.Random(1)
    jobs = [(number, 0.5 + rng.random()) for number in range(count)] + [None] * WORKERS
    took = {"threads": threads, "processes": processes, "coroutines": coroutines}[model](jobs)
    if not PRINT:
        print(took)
