"""Empty jobs through CPython's own queues: `overhead.py MODEL JOBS [print]` prints the seconds that it took.

As in the services, a job is a job even when it is empty, and what happens is recorded even when nobody looks. With
`print` a record is a line, and there is no figure.
"""

import asyncio
import multiprocessing
import queue
import random
import sys
import threading
import time
from hashlib import sha3_512

WORKERS = 4


class Job:
    def __init__(self, number, size):
        self.number = number
        self.size = size

    def run(self, scale):
        for _ in range(int(1_000_000 * self.size * scale)):
            sha3_512(b"").digest()


RECORDS = []


def say(event, name, job):
    at = time.monotonic()
    if PRINT:
        print(f"{at:.6f} {name} {event} job {job.number}, size {job.size}")
    else:
        RECORDS.append((at, name, event, job.number, job.size))


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
            job.run(0)
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
        job.run(0)
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
            job.run(0)
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
    jobs = [Job(number, 0.5 + rng.random()) for number in range(count)] + [None] * WORKERS
    took = {"threads": threads, "processes": processes, "coroutines": coroutines}[model](jobs)
    if not PRINT:
        print(took)
