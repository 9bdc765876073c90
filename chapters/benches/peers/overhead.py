"""Empty jobs through CPython's own queues: `overhead.py MODEL JOBS [print|timeout]` prints the seconds that it took.

MODEL is `threads`, `processes`, `coroutines`, or one of the pools of `concurrent.futures`: `thread-pool`, `process-pool` or
`interpreter-pool`, which Python has had since 3.14.

As in the services, a job is a job even when it is empty, and what happens is recorded even when nobody looks. With
`print` a record is a line, and there is no figure. With `timeout` a worker waits for each job with a timeout, as workers
did that had to check whether they should stop. Otherwise, a sentinel for each worker ends it.
"""

import asyncio
import concurrent.futures
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


def work(name, shared, stopping):
    while not stopping.is_set():
        try:
            job = shared.get(timeout=TIMEOUT)
        except queue.Empty:
            continue
        if job is None:
            break
        say("job_started", name, job)
        job.run(0)
        say("job_completed", name, job)


def threads(jobs):
    stopping, shared = threading.Event(), queue.Queue()
    for job in jobs:
        shared.put(job)
    begin = time.monotonic()
    workers = [threading.Thread(target=work, args=(f"worker-{n}", shared, stopping)) for n in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.monotonic() - begin


def processes(jobs):
    context = multiprocessing.get_context("fork")
    stopping, shared = context.Event(), context.Queue()
    begin = time.monotonic()
    # The jobs follow the workers: a fork beside the queue's feeder thread could copy a lock in use.
    workers = [context.Process(target=work, args=(f"worker-{n}", shared, stopping)) for n in range(WORKERS)]
    for worker in workers:
        worker.start()
    for job in jobs:
        shared.put(job)
    for worker in workers:
        worker.join()
    return time.monotonic() - begin


async def work_as_coroutine(name, shared, stopping):
    while not stopping.is_set():
        if TIMEOUT:
            job = await asyncio.wait_for(shared.get(), timeout=TIMEOUT)
        else:
            job = await shared.get()
        if job is None:
            break
        say("job_started", name, job)
        job.run(0)
        say("job_completed", name, job)


def coroutines(jobs):
    async def main():
        stopping, shared = asyncio.Event(), asyncio.Queue()
        for job in jobs:
            shared.put_nowait(job)
        begin = time.monotonic()
        await asyncio.gather(*(work_as_coroutine(f"worker-{n}", shared, stopping) for n in range(WORKERS)))
        return time.monotonic() - begin

    return asyncio.run(main())


def do(job):
    say("job_started", "worker", job)
    job.run(0)
    say("job_completed", "worker", job)


def pool(name, **options):
    """The same jobs, given to a pool. It needs no sentinels."""

    def run(jobs):
        begin = time.monotonic()
        with getattr(concurrent.futures, name)(WORKERS, **options) as executor:
            for _ in executor.map(do, jobs[:-WORKERS]):
                pass
        return time.monotonic() - begin

    return run


PRINT, TIMEOUT = sys.argv[3:] == ["print"], 1.0 if sys.argv[3:] == ["timeout"] else None

if __name__ == "__main__":
    model, count = sys.argv[1], int(sys.argv[2])
    rng = random.Random(1)
    jobs = [Job(number, 0.5 + rng.random()) for number in range(count)] + [None] * WORKERS
    services = {"threads": threads, "processes": processes, "coroutines": coroutines}
    services["thread-pool"] = pool("ThreadPoolExecutor")
    services["process-pool"] = pool("ProcessPoolExecutor", mp_context=multiprocessing.get_context("fork"))
    services["interpreter-pool"] = pool("InterpreterPoolExecutor")
    took = services[model](jobs)
    if not PRINT:
        print(took)
