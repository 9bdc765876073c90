"""The service of this book on CPython's own standard library: prints what a run took, as a line of JSON.

`python3 -c ... MODEL JOBS WORKERS KIND SCALE SEED SECONDS`; with 0 seconds it ends with its jobs.
"""

import asyncio
import json
import multiprocessing
import queue
import random
import resource
import sys
import threading
import time
from hashlib import sha3_512

MODEL, JOBS, WORKERS, KIND = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
SCALE, SEED, SECONDS = float(sys.argv[5]), int(sys.argv[6]), float(sys.argv[7])
# How long an idle worker waits before it looks whether the service still runs.
IDLE_TIMEOUT = SECONDS or 1.0


def jobs():
    sizes = random.Random(SEED)
    for number in range(JOBS):
        waits = KIND == "io" or KIND == "mixed" and number % 2 == 1
        yield waits, (0.5 + sizes.random()) * SCALE
    if not SECONDS:
        yield from [None] * WORKERS


def compute(size):
    for _ in range(int(1_000_000 * size)):
        sha3_512(b"").digest()


def run(job):
    waits, size = job
    if waits:
        time.sleep(size)
    else:
        compute(size)


def peak():
    """The most memory of this process that was resident; a fork begins with its parent's in `ru_maxrss`."""
    try:
        with open("/proc/self/status") as status:
            lines = [line.split() for line in status if line.startswith("VmHWM:")]
        return int(lines[0][1]) * 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def work(is_running, shared, said):
    said.put((time.monotonic(), 0))
    while is_running():
        try:
            job = shared.get(timeout=IDLE_TIMEOUT)
        except queue.Empty:
            continue
        if job is None:
            break
        run(job)
    said.put((0.0, peak()))


def threads():
    running, shared, said = threading.Lock(), queue.Queue(), queue.SimpleQueue()
    running.acquire()
    workers = [threading.Thread(target=work, args=(running.locked, shared, said)) for _ in range(WORKERS)]
    return serve(running, shared, said, workers)


def is_locked(lock):
    if lock.acquire(block=False):
        lock.release()
        return False
    return True


def work_as_process(running, shared, said):
    work(lambda: is_locked(running), shared, said)


def processes():
    context = multiprocessing.get_context("fork")
    running, shared, said = context.Lock(), context.Queue(), context.SimpleQueue()
    running.acquire()
    workers = [context.Process(target=work_as_process, args=(running, shared, said)) for _ in range(WORKERS)]
    return serve(running, shared, said, workers)


def serve(running, shared, said, workers):
    begin = time.monotonic()
    for worker in workers:
        worker.start()
    for job in jobs():
        shared.put(job)
    if SECONDS:
        time.sleep(SECONDS)
        running.release()
    stopping = time.monotonic()
    answers = [said.get() for _ in range(2 * WORKERS)]
    for worker in workers:
        worker.join()
    end = time.monotonic()
    most = peak() + (sum(most for _, most in answers) if MODEL == "processes" else 0)
    return begin, max(at for at, _ in answers), stopping, end, most


async def work_as_coroutine(running, shared, starts):
    starts.append(time.monotonic())
    while running.locked():
        try:
            job = await asyncio.wait_for(shared.get(), timeout=IDLE_TIMEOUT)
        except asyncio.TimeoutError:
            continue
        if job is None:
            break
        waits, size = job
        if waits:
            await asyncio.sleep(size)
        else:
            compute(size)
            await asyncio.sleep(0)


async def coroutines():
    running, shared, starts = asyncio.Lock(), asyncio.Queue(), []
    for job in jobs():
        shared.put_nowait(job)
    await running.acquire()
    begin = time.monotonic()
    workers = [asyncio.create_task(work_as_coroutine(running, shared, starts)) for _ in range(WORKERS)]
    if SECONDS:
        await asyncio.sleep(SECONDS)
    stopping = time.monotonic()
    if SECONDS:
        running.release()
    await asyncio.gather(*workers)
    return begin, max(starts), stopping, time.monotonic(), peak()


def used():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    before = used()
    services = {"threads": threads, "processes": processes, "coroutines": lambda: asyncio.run(coroutines())}
    begin, started, stopping, end, most = services[MODEL]()
    print(
        json.dumps(
            {
                "wall_seconds": end - begin,
                "cpu_seconds": used() - before,
                "peak_rss_bytes": most,
                "start_seconds": max(0.0, started - begin),
                "stop_seconds": end - stopping,
            }
        )
    )
